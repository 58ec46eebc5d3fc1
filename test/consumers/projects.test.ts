/** Projects of the kinds that people have, with every package and every peer in them, optional ones included. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '@ops/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApplication } from './application.ts'
import { nodeFolders } from './nodes.ts'
import { fixture, packAll } from './packed.ts'
import { createProject, NPM_INSTALL, PATIENCE_MS, type Project } from './project.ts'

/** The oldest TypeScript whose compiler understands our declarations, and the newest. */
const TYPESCRIPTS = process.env['CONSUMER_TYPESCRIPTS']?.split(',') ?? ['5.4', '7.0']
const MANAGERS = process.env['CONSUMER_MANAGERS']?.split(',') ?? ['npm']

const INSTALL: Readonly<Record<string, readonly string[]>> = {
  npm: NPM_INSTALL,
  pnpm: ['install', '--prefer-offline', '--reporter=append-only'],
}

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

/** What the packages start in threads of their own: files that a bundler does not see, to be bundled beside the program. */
const WORKERS = [
  '@ops/health/dist/health-worker.js',
  '@ops/metrics/dist/page-worker.js',
  '@ops/ops-port/dist/ops-worker.js',
]

describe.each(MANAGERS)('installed by %s', (manager) => {
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
    await project.run(manager, INSTALL[manager] as readonly string[])
    for (const file of ['typed.ts', 'required.cjs', 'bundled.mjs', 'instrumented.mjs']) {
      project.write(file, fixture('projects', file))
    }
  }, PATIENCE_MS)
  afterAll(async () => {
    await project?.remove()
    await packed?.stop()
  }, PATIENCE_MS)

  describe.each(TYPESCRIPTS)('TypeScript %s', (version) => {
    test(
      `a strict project compiles with TypeScript ${version} and runs`,
      async () => {
        const compiler = join('typescript', version)
        project.write(join(compiler, 'package.json'), { private: true })
        await project.run('npm', [...NPM_INSTALL, `typescript@~${version}`], { at: compiler })
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

  describe.each(nodeFolders())('on Node %s', (_version, nodeFolder) => {
    test('a CommonJS project requires the same modules that others import', async () => {
      expect(await project.run('node', ['required.cjs'], { nodeFolder })).toBe('')
    })

    test('a project with the optional SDKs loads them where it asks for them', async () => {
      await project.run('node', ['instrumented.mjs'], { nodeFolder })
    })

    test(
      'a service that esbuild made one file of serves, logs and measures without node_modules',
      async () => {
        const alone = createProject(packed.registryUrl)
        await bundle(`bundle-${_version}`)
        cpSync(join(project.folder, `bundle-${_version}`), alone.folder, { recursive: true })
        const { url, opsUrl, lines, stop } = await startApplication(alone.folder, 'bundled.mjs', { nodeFolder })

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
  })

  async function bundle(folder: string): Promise<void> {
    // Express is CommonJS and requires Node's own modules, which a bundle that is an ECMAScript module has no `require` for.
    const banner =
      "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"
    const options = ['--bundle', '--platform=node', '--format=esm', '--log-level=warning', `--outdir=${folder}`]
    const esbuild = join('node_modules', 'esbuild', 'bin', 'esbuild')
    await project.run(esbuild, ['bundled.mjs', ...options, '--out-extension:.js=.mjs', `--banner:js=${banner}`])
    const workers = WORKERS.map((file) => join('node_modules', file))
    await project.run(esbuild, [...workers, ...options, '--entry-names=[name]'])
    project.write(join(folder, 'package.json'), { type: 'module' })
  }

  async function diagnostics(tsc: string): Promise<readonly string[]> {
    try {
      await project.run('node', [tsc, '-p', '.', '--pretty', 'false'])
      return []
    } catch (error) {
      return (error as Error).message.split('\n').filter((line) => /: error TS\d+/.test(line))
    }
  }
})
