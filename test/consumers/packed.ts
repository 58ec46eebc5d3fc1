/** Every package as it would be published: packed from what was built, and offered by a registry on loopback. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environmentWith } from '../../scripts/environment/variables.mjs'
import { manifestIn, startLocalRegistry } from '../../scripts/local-registry.mjs'

const root = join(import.meta.dirname, '..', '..')

/** Long enough ago that no package manager holds it back as too young. */
const PUBLISHED_AT = new Date('2020-01-01')

/** The package.json of a packed package. */
export interface PackedManifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** A packed package. */
export interface Packed {
  readonly manifest: PackedManifest
  readonly tarball: string
}

/** Folder names under packages/ that are published. */
export const packageFolders: readonly string[] = readdirSync(join(root, 'packages')).filter((folder) =>
  existsSync(join(root, 'packages', folder, 'package.json')),
)

/** The environment without what the npm or pnpm that started the tests tells its children, and without our binaries. */
export function consumerEnvironment(nodeFolder?: string): Record<string, string> {
  const { PATH, NODE_OPTIONS, NODE_PATH, ...rest } = environmentWith([])
  const folders = (PATH as string).split(':').filter((folder) => !folder.startsWith(join(root, 'node_modules')))
  return { ...rest, PATH: [nodeFolder, ...folders].filter(Boolean).join(':') }
}

/** Packs everything and offers it. `stop` ends the registry and deletes the tarballs. */
export async function packAll(): Promise<{
  readonly packages: readonly Packed[]
  readonly registryUrl: string
  stop(): Promise<void>
}> {
  const folder = mkdtempSync(join(tmpdir(), 'ops-packed-'))
  const args = ['--config.verify-deps-before-run=false', '-r', '--filter', './packages/*', 'pack', '--silent']
  execFileSync('pnpm', [...args, '--pack-destination', folder], { cwd: root, env: consumerEnvironment() })
  const registry = await startLocalRegistry()
  const packages = readdirSync(folder).map((file) => {
    const tarball = join(folder, file)
    registry.add(tarball, { at: PUBLISHED_AT })
    return { manifest: manifestIn(tarball) as PackedManifest, tarball }
  })
  return {
    packages,
    registryUrl: registry.url,
    async stop() {
      await registry.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Text of a file of these tests. */
export function fixture(...names: readonly string[]): string {
  return readFileSync(join(import.meta.dirname, ...names), 'utf8')
}
