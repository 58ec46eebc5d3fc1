/** The ops command as a new user meets it: installed from its tarball into an empty folder, with the sample of its README. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { packAll } from './packed.ts'
import { createProject, PATIENCE_MS, type Project } from './project.ts'

const INSTALL = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']
const QUEUE = { '@ops/queue': '*', '@ops/redis': '*', bullmq: '^6.7.0', ioredis: '^6.0.0' }

let packed: Awaited<ReturnType<typeof packAll>>
let project: Project

beforeAll(async () => {
  packed = await packAll()
  project = createProject(packed.registryUrl)
  const dependencies = { '@ops/cli': '*', '@ops/config': '*', '@ops/service': '*', pino: '^10.4.0', zod: '^4.6.7' }
  project.write('package.json', { name: 'orders', private: true, type: 'module', dependencies })
  project.write('src/ops.ts', sampleOf('packages/cli/README.md'))
  await project.run('npm', INSTALL)
}, PATIENCE_MS)
afterAll(async () => {
  await project?.remove()
  await packed?.stop()
}, PATIENCE_MS)

/** The first TypeScript sample of a README. */
function sampleOf(readme: string): string {
  const text = readFileSync(join(import.meta.dirname, '..', '..', readme), 'utf8')
  return /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
}

/** Runs the installed command; what it printed on stdout, or for another code than 0 everything. */
async function ops(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const command = join(project.folder, 'node_modules', '.bin', 'ops')
  return project.run(command, args, { env: { NODE_NO_WARNINGS: '1', ...env } })
}

describe('the installed ops command', () => {
  test('ops tells its version and what it can do when nothing else is there', async () => {
    const { version } = JSON.parse(readFileSync(join(project.folder, 'node_modules/@ops/cli/package.json'), 'utf8'))

    expect(await ops(['--version'])).toBe(`${version}\n`)
    expect(await ops(['--help'])).toMatch(
      /^ {2}generate .*\n(?:.*\n)*? {2}config check .*\n(?:.*\n)*? {2}dead redrive /m,
    )
  })

  test(
    "ops generate makes everything of the README's sample, and --check finds it up to date until it drifts",
    async () => {
      const made = await ops(['generate'])
      const kept = await ops(['generate', '--check'])
      project.write('ops/alerts.yml', 'groups: []\n')
      const drifted = await ops(['generate', '--check']).catch((error: Error) => error.message)

      expect(made).toMatch(/^ok (\d+) of \1 files written to ops\n$/)
      expect(kept).toMatch(/^ok \d+ files are up to date\n$/)
      expect(drifted).toMatch(/ended with 1:\ndrift ops\/alerts\.yml: changed\n/)
      for (const file of ['.env.example', 'configuration.md', 'alerts.test.yml', 'dashboards/health.json'])
        expect(existsSync(join(project.folder, 'ops', file))).toBe(true)
    },
    PATIENCE_MS,
  )

  test('ops config shows and checks the settings of an environment', async () => {
    project.write('production.env', 'LOG_LEVEL=warn\nPORT=8080\n')
    project.write('wrong.env', 'LOG_LEVEL=loud\n')

    const shown = JSON.parse(await ops(['config', 'show', 'production.env', '--json']))
    const wrong = await ops(['config', 'check', 'wrong.env']).catch((error: Error) => error.message)

    expect(await ops(['config', 'check', 'production.env'])).toMatch(/^ok production\.env: \d+ settings, hash \w+\n$/)
    expect(shown.settings).toContainEqual(expect.objectContaining({ name: 'PORT', value: '8080', layer: 'dotenv' }))
    expect(wrong).toMatch(/ended with 1:\nerror LOG_LEVEL: text of 4 characters, expected/)
  })

  test(
    'ops audit judges the project by its files, names how each finding is mended, and writes it as a page',
    async () => {
      project.write('Dockerfile', 'FROM node:24\n')
      const found = await ops(['audit', '--report', 'audit.md']).catch((error: Error) => error.message)
      const told = await ops(['audit', '--json']).catch((error: Error) => error.message)

      expect(found).toMatch(/ended with 1:\n/)
      expect(found).toContain('D1 Dockerfile:1: base node:24 is not pinned\n   expected a base by digest')
      expect(found).toMatch(/Phase 1, baseline +\d+ of \d+ met/)
      expect(JSON.parse(told.slice(told.indexOf('{'))).ok).toBe(false)
      expect(readFileSync(join(project.folder, 'audit.md'), 'utf8')).toMatch(/^# Audit of orders\n/)
    },
    PATIENCE_MS,
  )

  test(
    'every command has help of its own, and no output has colour in a pipe',
    async () => {
      const overview = await ops(['--help'], { FORCE_COLOR: '1' })
      const commands = [...overview.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) +\S/gm)].map(([, words = '']) => words)
      const known = commands.filter((words) => words.split(' ')[0] !== 'ops')
      const helps: string[] = []
      for (const words of known) helps.push(await ops([...words.split(' '), '--help'], { FORCE_COLOR: '1' }))

      expect(known).toEqual(
        expect.arrayContaining(['generate', 'audit', 'config check', 'dead redrive', 'flags set', 'smoke']),
      )
      expect(helps.filter((help) => !help.startsWith('Usage: ops ') || !help.includes('Exit codes: 0 '))).toEqual([])
      expect(overview + helps.join('')).not.toContain('\u001b[')
    },
    PATIENCE_MS,
  )

  test.each([
    [['generate', '--service', 'gone.ts'], 'OPS_CLI_SERVICE_UNREADABLE'],
    [['audit', '--phase', '9'], 'OPS_CLI_USAGE'],
    [['config', 'check', 'gone.env'], 'OPS_CLI_ENVIRONMENT'],
    [['smoke', 'nowhere'], 'OPS_CLI_USAGE'],
    [['flags', 'list', '--redis', 'redis://127.0.0.1:6379'], 'OPS_CLI_PACKAGE_MISSING'],
  ])('ops %j --json tells its error as JSON and exits 2', async (args, code) => {
    const message = await ops([...args, '--json']).catch((error: Error) => error.message)

    expect(message).toMatch(/ended with 2:\n/)
    expect(JSON.parse(message.slice(message.indexOf('{'), message.lastIndexOf('}') + 1))).toMatchObject({
      ok: false,
      code,
    })
  })

  test('ops exits 2 and names what was meant when it is mistyped', async () => {
    await expect(ops(['genrate'])).rejects.toThrow(/ended with 2:\n.*did you mean generate\?/)
    await expect(ops(['config', 'explain', 'PROT'])).rejects.toThrow(/ended with 2:\n.*did you mean PORT\?/)
  })

  test(
    'ops dead says what to install when it is not there, and works once it is',
    async () => {
      const env = { REDIS_URL: inject('redisUrl') }
      const before = await ops(['dead', 'status'], env).catch((error: Error) => error.message)
      await project.run('npm', [...INSTALL, ...Object.entries(QUEUE).map(([name, range]) => `${name}@${range}`)])

      const after = JSON.parse(await ops(['dead', 'status', '--json'], env))

      expect(before).toMatch(/ended with 2:\nerror .*@ops\/queue cannot be loaded, expected .*npm install/)
      expect(after).toMatchObject({ ok: true, queues: expect.any(Array) })
    },
    PATIENCE_MS,
  )
})
