/** An application that has nothing of @ops adopts it by a diff of at most three lines, and is observed. */
import { join } from 'node:path'
import { waitFor } from '@ops/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApplication } from './application.ts'
import { INSTALL, nodeFolders } from './nodes.ts'
import { fixture, packAll } from './packed.ts'
import { createProject, PATIENCE_MS, type Project } from './project.ts'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'

const frameworks = [
  { framework: 'express', file: 'app.mjs', program: 'app.mjs' },
  { framework: 'fastify', file: 'app.mjs', program: 'app.mjs' },
  { framework: 'nestjs', file: 'app.mts', program: 'app.mjs' },
]

const DEPENDENCIES = {
  express: '^5.3.0',
  fastify: '^5.12.8',
  '@nestjs/common': '^12.5.1',
  '@nestjs/core': '^12.5.1',
  '@nestjs/platform-express': '^12.5.1',
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.2',
  '@types/node': '^22.20.5',
  typescript: '~5.9.0',
  '@ops/express': '*',
  '@ops/fastify': '*',
  '@ops/nestjs': '*',
  '@ops/service': '*',
  pino: '^10.4.0',
  zod: '^4.6.7',
}

const COMPILE = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--skipLibCheck']
const DECORATORS = ['--experimentalDecorators', '--emitDecoratorMetadata']

let packed: Awaited<ReturnType<typeof packAll>>
let project: Project

beforeAll(async () => {
  packed = await packAll()
  project = createProject(packed.registryUrl)
  project.write('package.json', { name: 'shop', private: true, dependencies: DEPENDENCIES })
  project.write('pnpm-workspace.yaml', 'strictDepBuilds: false\n')
  await project.run('pnpm', INSTALL.pnpm)
  for (const { framework, file } of frameworks) {
    const diff = fixture('adoption', framework, 'adoption.diff')
    for (const version of ['before', 'after']) {
      project.write(join(version, framework, file), fixture('adoption', framework, file))
      project.write(join(version, framework, 'package.json'), { type: 'module' })
    }
    project.write(join('after', framework, 'adoption.diff'), diff)
    await project.run('git', ['apply', 'adoption.diff'], { at: join('after', framework) })
  }
  const modules = ['before', 'after'].map((version) => join(version, 'nestjs', 'app.mts'))
  await project.run('node', ['node_modules/typescript/lib/tsc.js', ...COMPILE, ...DECORATORS, ...modules])
}, PATIENCE_MS)
afterAll(async () => {
  await project?.remove()
  await packed?.stop()
}, PATIENCE_MS)

describe.each(frameworks)('an application on $framework', ({ framework, program }) => {
  test(`adopting @ops changes at most three lines of an application on ${framework}`, () => {
    const lines = fixture('adoption', framework, 'adoption.diff').split('\n')
    const added = lines.filter((line) => /^\+(?!\+\+ )/.test(line))
    const removed = lines.filter((line) => /^-(?!-- )/.test(line))

    expect(added.length).toBeLessThanOrEqual(3)
    expect(removed.length).toBeLessThanOrEqual(added.length)
  })

  describe.each(nodeFolders())('on Node %s', (_version, nodeFolder) => {
    test(
      `an application on ${framework} answers without ids and without an ops port when it has not adopted @ops`,
      async () => {
        const { url, opsUrl, lines, stop } = await startApplication(
          join(project.folder, 'before', framework),
          program,
          { nodeFolder },
        )
        const response = await fetch(`${url}/orders/7`, { headers: { 'x-trace-id': TRACE_ID } })

        expect(await response.json()).toEqual({ id: '7' })
        expect(response.headers.get('x-trace-id')).toBeNull()
        await expect(fetch(`${opsUrl}/metrics`)).rejects.toThrow()
        expect(lines).toEqual([])
        await stop()
      },
      PATIENCE_MS,
    )

    test(
      `an application on ${framework} has the line, the metrics and the trace header of a request when it has adopted @ops`,
      async () => {
        const { url, opsUrl, lines, stop } = await startApplication(join(project.folder, 'after', framework), program, {
          nodeFolder,
        })
        const response = await fetch(`${url}/orders/7`, { headers: { 'x-trace-id': TRACE_ID } })

        expect(await response.json()).toEqual({ id: '7' })
        expect(response.headers.get('x-trace-id')).toBe(TRACE_ID)
        await waitFor(() => lines.some((line) => line['trace_id'] === TRACE_ID), { timeoutMs: PATIENCE_MS })
        expect(lines.find((line) => line['trace_id'] === TRACE_ID)).toMatchObject({
          level: 'info',
          service: 'shop',
          context: { method: 'GET', route: '/orders/:id', status: 200 },
        })
        const metrics = await (await fetch(`${opsUrl}/metrics`)).text()
        expect(metrics).toMatch(/^http_requests_total\{[^}]*route="\/orders\/:id"[^}]*\} 1$/m)
        expect((await fetch(`${url}/readyz`)).status).toBe(200)
        expect(await stop()).toBe(0)
      },
      PATIENCE_MS,
    )
  })
})
