/** Projects of the kinds that people have, with every package and every peer in them, optional ones included. */
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '@ops/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startApplication } from './application.ts'
import { INSTALL, nodeFolders, ownNode } from './nodes.ts'
import { consumerEnvironment, fixture, packAll, packageFolders } from './packed.ts'
import { createProject, PATIENCE_MS, type Project } from './project.ts'

/** The oldest TypeScript whose compiler understands our declarations, and the newest. */
const TYPESCRIPTS = ['5.4', '7.0']

const OWN = { '@types/express': '^5.0.6', '@types/node': '^22.20.5', esbuild: '^0.28.0', 'reflect-metadata': '^0.2.2' }
const COMPILER = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: 'es2022',
  module: 'nodenext',
  types: ['node'],
  noEmitOnError: false,
}

/** The commands of the guide on bundling, and the threads they bundle. */
const BUNDLE = /```sh\n([\s\S]*?)```/.exec(fixture('..', '..', 'docs', 'guides', 'bundling.md'))?.[1] ?? ''
const THREADS = [...BUNDLE.matchAll(/node_modules\/@ops\/([\w-]+)\/dist\/([\w-]+\.js)/g)].map(([, of, file]) => [
  of,
  file,
])

describe.each(['npm', 'pnpm'] as const)('installed by %s', (manager) => {
  let packed: Awaited<ReturnType<typeof packAll>>
  let project: Project

  beforeAll(async () => {
    packed = await packAll()
    project = createProject(packed.registryUrl)
    const ours = packed.packages.map(({ manifest }) => manifest)
    const peers = Object.assign({}, ...ours.map(({ peerDependencies }) => peerDependencies))
    const dependencies = { ...peers, ...OWN, ...Object.fromEntries(ours.map(({ name, version }) => [name, version])) }
    project.write('package.json', { name: 'consumer', private: true, type: 'module', dependencies })
    project.write('pnpm-workspace.yaml', 'strictDepBuilds: false\n')
    await project.run(manager, INSTALL[manager])
    for (const file of ['typed.ts', 'required.cjs', 'instrumented.mjs']) project.write(file, fixture('projects', file))
    project.write('main.mjs', fixture('projects', 'bundled.mjs'))
    project.write('worker.mjs', fixture('projects', 'hanging-worker.mjs'))
    const { PATH } = consumerEnvironment()
    const env = { PATH: `${join(project.folder, 'node_modules', '.bin')}:${PATH}` }
    await project.run('sh', ['-e', '-c', BUNDLE], { env })
  }, PATIENCE_MS)
  afterAll(async () => {
    await project?.remove()
    await packed?.stop()
  }, PATIENCE_MS)

  describe.each(manager === 'npm' ? TYPESCRIPTS : TYPESCRIPTS.slice(-1))('TypeScript %s', (version) => {
    test(
      `a strict project compiles with TypeScript ${version} and runs`,
      async () => {
        const compiler = join('typescript', version)
        project.write(join(compiler, 'package.json'), { private: true })
        await project.run('npm', [...INSTALL.npm, `typescript@~${version}`], { at: compiler })
        const outDir = `compiled-${version}`
        project.write('tsconfig.json', { compilerOptions: { ...COMPILER, outDir }, files: ['typed.ts'] })

        const problems = await diagnostics(join(compiler, 'node_modules', 'typescript', 'bin', 'tsc'))

        // Declarations of other packages are theirs to keep; ours and the project's own have none.
        expect(problems.filter((line) => /^(?:node_modules\/(?:\.pnpm\/)?@ops|typed)/.test(line))).toEqual([])
        expect((await project.run('node', [join(outDir, 'typed.js')])).trim()).toBe('4 acme false 1')
      },
      PATIENCE_MS,
    )
  })

  describe.each(manager === 'npm' ? nodeFolders() : [ownNode])('on Node %s', (_version, nodeFolder) => {
    test('a CommonJS project requires the same modules that others import', async () => {
      expect(await project.run('node', ['required.cjs'], { nodeFolder })).toBe('')
    })

    test('a project with the optional SDKs loads them where it asks for them', async () => {
      await project.run('node', ['instrumented.mjs'], { nodeFolder })
    })

    test(
      'a service that esbuild made one file of serves, logs and measures without node_modules',
      async () => {
        const alone = bundled()
        const { url, opsUrl, lines, stop } = await startApplication(alone.folder, 'main.mjs', { nodeFolder })

        expect(await (await fetch(`${url}/orders/7`)).json()).toEqual({ id: '7' })
        const metrics = await (await fetch(`${opsUrl}/metrics`)).text()
        expect(metrics).toMatch(/^http_requests_total\{[^}]*route="\/orders\/:id"[^}]*\} 1$/m)
        expect((await fetch(`${opsUrl}/livez`)).status).toBe(200)
        await waitFor(() => lines.length > 0, { timeoutMs: PATIENCE_MS })
        expect(lines[0]).toMatchObject({ service: 'bundled', context: { route: '/orders/:id' } })
        expect(await stop()).toBe(0)
        await alone.remove()
      },
      PATIENCE_MS,
    )

    test(
      'a worker that esbuild made one file of is ended by its watchdog when a job never ends',
      async () => {
        const alone = bundled()
        const hanging = alone.run('node', ['worker.mjs'], { nodeFolder, env: { REDIS_URL: inject('redisUrl') } })

        await expect(hanging).rejects.toThrow('@ops/queue: the event loop has been blocked for')
        await alone.remove()
      },
      PATIENCE_MS,
    )
  })

  /** What the guide deploys, and nothing else. */
  function bundled(): Project {
    const alone = createProject(packed.registryUrl)
    cpSync(join(project.folder, 'out'), alone.folder, { recursive: true })
    return alone
  }

  async function diagnostics(tsc: string): Promise<readonly string[]> {
    try {
      await project.run('node', [tsc, '-p', '.', '--pretty', 'false'])
      return []
    } catch (error) {
      return (error as Error).message.split('\n').filter((line) => /: error TS\d+/.test(line))
    }
  }

  test('the guide on bundling names every file that a package starts as a thread', () => {
    const inPackages = packageFolders.flatMap((folder) =>
      readdirSync(join(project.folder, 'node_modules', '@ops', folder, 'dist'))
        .filter((file) => /-worker\.js$/.test(file))
        .map((file) => [folder, file]),
    )

    expect(inPackages).toEqual(THREADS)
  })
})
