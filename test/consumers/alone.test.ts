/** Each package in a project of its own that has nothing but it and its required peers: what it does not declare, it cannot find. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { nodeFolders } from './nodes.ts'
import { fixture, type Packed, type PackedManifest, packAll, packageFolders } from './packed.ts'
import { createProject, PATIENCE_MS, type Project } from './project.ts'

/** Entries that exist for an optional peer, which a project without it does not import. */
const FOR_AN_OPTIONAL_PEER = ['@ops/tracing/node-sdk']

/** One virtual store without a common node_modules: a package reaches what its own manifest names and nothing else. Peers of peers come by themselves, as with npm. */
const WORKSPACE = `packages: ['*']
hoist: false
autoInstallPeers: true
strictPeerDependencies: true
strictDepBuilds: false
`

let packed: Awaited<ReturnType<typeof packAll>>
let project: Project

beforeAll(async () => {
  packed = await packAll()
  project = createProject(packed.registryUrl)
  project.write('package.json', { name: 'consumers', private: true })
  project.write('pnpm-workspace.yaml', WORKSPACE)
  for (const one of packed.packages) addProject(one)
  await project.run('pnpm', ['install', '--prefer-offline', '--reporter=append-only'])
}, PATIENCE_MS)
afterAll(async () => {
  await project?.remove()
  await packed?.stop()
}, PATIENCE_MS)

describe.each(nodeFolders())('on Node %s', (_version, nodeFolder) => {
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
      const program = `
        for (const name of ${JSON.stringify(names)}) {
          const imported = Object.keys(await import(name))
          const required = Object.keys(require(name)).filter((key) => key !== 'module.exports' && key !== '__esModule')
          if (imported.length === 0 || imported.sort().join() !== required.sort().join()) throw new Error(name)
        }
        console.log(${names.length})`
      const wrapped = `(async () => {${program}})()`

      expect((await project.run('node', ['-e', wrapped], { at: folder, nodeFolder })).trim()).toBe(String(names.length))
    },
    PATIENCE_MS,
  )
})

test('every package has a program here that uses it', () => {
  expect(packed.packages.map(({ manifest }) => manifest.name).sort()).toEqual(
    packageFolders.map((folder) => `@ops/${folder}`).sort(),
  )
})

function addProject({ manifest }: Packed): void {
  const folder = manifest.name.slice('@ops/'.length)
  const peers = Object.entries(manifest.peerDependencies ?? {}).filter(
    ([name]) => manifest.peerDependenciesMeta?.[name]?.optional !== true,
  )
  const dependencies = { [manifest.name]: manifest.version, ...Object.fromEntries(peers) }
  project.write(join(folder, 'package.json'), { name: `uses-${folder}`, private: true, dependencies })
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
