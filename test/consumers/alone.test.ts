/** Each package in a project of its own that has nothing but it and its required peers: what it does not declare, it cannot find. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { ISOLATED, nodeFolders, ownNode } from './nodes.ts'
import { fixture, type Packed, type PackedManifest, packAll, packageFolders } from './packed.ts'
import { createProject, PATIENCE_MS, type Project } from './project.ts'

/** Entries that exist for an optional peer, which a project without it does not import. */
const FOR_AN_OPTIONAL_PEER = ['@ops/tracing/node-sdk']

/** Without a common node_modules. Peers of peers come by themselves, as with npm. */
const WORKSPACE = `packages: ['*']
hoist: false
autoInstallPeers: true
strictPeerDependencies: true
strictDepBuilds: false
`

let packed: Awaited<ReturnType<typeof packAll>>

beforeAll(async () => {
  packed = await packAll()
}, PATIENCE_MS)
afterAll(() => packed?.stop(), PATIENCE_MS)

describe.each(['pnpm', 'npm'] as const)('installed by %s', (manager) => {
  let project: Project

  beforeAll(async () => {
    project = createProject(packed.registryUrl)
    project.write('package.json', { name: 'consumers', private: true, workspaces: ['*'] })
    project.write('pnpm-workspace.yaml', WORKSPACE)
    for (const one of packed.packages) addProject(project, one)
    await project.run(manager, ISOLATED[manager])
  }, PATIENCE_MS)
  afterAll(() => project?.remove(), PATIENCE_MS)

  describe.each(manager === 'pnpm' ? nodeFolders() : [ownNode])('on Node %s', (_version, nodeFolder) => {
    test.each(packageFolders)(
      '@ops/%s does what it is for when it is installed alone',
      async (folder) => {
        await project.run('node', ['use.mjs'], { at: folder, nodeFolder, env: { REDIS_URL: inject('redisUrl') } })
      },
      PATIENCE_MS,
    )

    test.each(packageFolders)(
      'every entry of @ops/%s can be imported and required when it is installed alone',
      async (folder) => {
        const names = entriesOf(manifestOf(folder)).filter((entry) => !FOR_AN_OPTIONAL_PEER.includes(entry))
        const wrapped = `(async () => {${importAndRequire(names)}})()`

        const printed = await project.run('node', ['-e', wrapped], { at: folder, nodeFolder })
        expect(printed.trim()).toBe(String(names.length))
      },
      PATIENCE_MS,
    )
  })

  test('@ops/core finds no package of this repository that it does not name', async () => {
    const look = "import('@ops/logger').then(() => process.exit(1), ({ code }) => console.log(code))"

    expect((await project.run('node', ['-e', look], { at: 'core' })).trim()).toBe('ERR_MODULE_NOT_FOUND')
  })
})

test('every package has a program here that uses it', () => {
  expect(packed.packages.map(({ manifest }) => manifest.name).sort()).toEqual(
    packageFolders.map((folder) => `@ops/${folder}`).sort(),
  )
})

/** A program that prints how many entries have the same exports either way. */
function importAndRequire(names: readonly string[]): string {
  return `
    for (const name of ${JSON.stringify(names)}) {
      const imported = Object.keys(await import(name))
      const required = Object.keys(require(name)).filter((key) => key !== 'module.exports' && key !== '__esModule')
      if (imported.length === 0 || imported.sort().join() !== required.sort().join()) throw new Error(name)
    }
    console.log(${names.length})`
}

function addProject(project: Project, { manifest }: Packed): void {
  const folder = manifest.name.slice('@ops/'.length)
  const peers = Object.entries(manifest.peerDependencies ?? {}).filter(
    ([name]) => manifest.peerDependenciesMeta?.[name]?.optional !== true,
  )
  const dependencies = { [manifest.name]: manifest.version, ...Object.fromEntries(peers) }
  project.write(join(folder, 'package.json'), { name: `uses-${folder}`, version: '1.0.0', private: true, dependencies })
  project.write(join(folder, 'use.mjs'), fixture('alone', `${folder}.mjs`))
}

function manifestOf(folder: string): PackedManifest {
  return packed.packages.find(({ manifest }) => manifest.name === `@ops/${folder}`)?.manifest as PackedManifest
}

function entriesOf({ name, exports }: PackedManifest): readonly string[] {
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([entry]) => name + entry.slice(1))
}
