/** Licences, bills of materials and the age of what is installed: on a workspace whose one dependency comes from a registry here. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLocalRegistry } from '../../scripts/local-registry.mjs'
import { consumerEnvironment } from '../consumers/packed.ts'
import { judge, manifest, plant, ROOT } from './gate.ts'

const PATIENCE_MS = 60_000
const HOUR_MS = 3_600_000

let registry: Awaited<ReturnType<typeof startLocalRegistry>>
beforeAll(async () => {
  registry = await startLocalRegistry()
})
afterAll(() => registry.stop())

/** Not synchronous: the registry that it asks is in this process. */
const pnpm = (folder: string, ...args: readonly string[]) =>
  promisify(execFile)('pnpm', args, { cwd: folder, env: consumerEnvironment(), timeout: PATIENCE_MS })

/** Publishes `@planted/<name>` with these fields, some hours ago. */
async function publish(name: string, fields: object, hoursAgo: number): Promise<void> {
  const folder = plant({ 'package.json': { name: `@planted/${name}`, ...fields }, 'index.js': '' })
  await pnpm(folder, 'pack', '--out', 'packed.tgz')
  registry.add(join(folder, 'packed.tgz'), { at: new Date(Date.now() - hoursAgo * HOUR_MS) })
}

/** A workspace in which @ops/a depends on `@planted/<name>`, not installed yet. */
function workspace(name: string, settings = ''): string {
  return plant({
    'package.json': ROOT,
    'pnpm-workspace.yaml': `packages: [packages/*]\n${settings}`,
    '.npmrc': `@planted:registry=${registry.url}\n`,
    'packages/a/package.json': manifest('a', { dependencies: { [`@planted/${name}`]: '^1.0.0' } }),
  })
}

async function installed(name: string): Promise<string> {
  const folder = workspace(name)
  await pnpm(folder, 'install', '--reporter=silent')
  return folder
}

describe('the licences gate', () => {
  test.each(['MIT', 'Apache-2.0', '(GPL-3.0 OR MIT)'])(
    'the licences gate passes when a dependency is under %s',
    async (license) => {
      const name = license.toLowerCase().replace(/[^a-z]/g, '')
      await publish(name, { version: '1.0.0', license }, 100)

      expect(judge('licences', await installed(name))).toEqual({ code: 0, problems: [] })
    },
    PATIENCE_MS,
  )

  test.each(['GPL-3.0-only', 'BUSL-1.1', 'MIT AND SSPL-1.0', undefined])(
    'the licences gate names the package and its licence when a dependency is under %s',
    async (license) => {
      const name = `not-${String(license)
        .toLowerCase()
        .replace(/[^a-z]/g, '')}`
      await publish(name, { version: '1.0.0', license }, 100)

      const { code, problems } = judge('licences', await installed(name))

      expect(code).toBe(1)
      expect(problems).toEqual([
        expect.stringContaining(`@planted/${name}@1.0.0 is under ${license ?? 'Unknown'}. Installed with our packages`),
      ])
    },
    PATIENCE_MS,
  )
})

describe('the sbom gate', () => {
  test(
    'the sbom gate writes what a package installs, with licence and hash',
    async () => {
      await publish('listed', { version: '1.0.0', license: 'MIT' }, 100)
      const folder = await installed('listed')

      expect(judge('sbom', folder, '--out', join(folder, 'bills'))).toEqual({ code: 0, problems: [] })
      const bill = JSON.parse(readFileSync(join(folder, 'bills', 'ops-a.cdx.json'), 'utf8'))
      expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' })
      expect(bill.components).toEqual([
        expect.objectContaining({ purl: 'pkg:npm/%40planted/listed@1.0.0', licenses: [{ license: { id: 'MIT' } }] }),
      ])
    },
    PATIENCE_MS,
  )

  test(
    'the sbom gate fails when a dependency has no licence',
    async () => {
      await publish('unlicensed', { version: '1.0.0' }, 100)

      expect(judge('sbom', await installed('unlicensed'))).toEqual({
        code: 1,
        problems: [expect.stringContaining('@ops/a: its bill of materials has no licence of @planted/unlicensed')],
      })
    },
    PATIENCE_MS,
  )
})

describe('the cooldown gate', () => {
  const tree = (settings: string) =>
    plant({ 'pnpm-workspace.yaml': settings, 'bench/pnpm-workspace.yaml': 'minimumReleaseAge: 1440\n' })

  test('the cooldown gate passes when pnpm waits a day', () => {
    expect(judge('cooldown', tree('minimumReleaseAge: 1440\n'))).toEqual({ code: 0, problems: [] })
  })

  test.each([
    ['', 'minimumReleaseAge is not set, expected at least 1440'],
    ['minimumReleaseAge: 60\n', 'minimumReleaseAge is 60 minutes, expected at least 1440'],
    ['minimumReleaseAge: 1440\nminimumReleaseAgeExclude: [x]\n', 'minimumReleaseAgeExclude lets young versions in'],
  ])('the cooldown gate fails when the settings are %j', (settings, problem) => {
    expect(judge('cooldown', tree(settings))).toEqual({
      code: 1,
      problems: [expect.stringContaining(`pnpm-workspace.yaml: ${problem}`)],
    })
  })

  test(
    'pnpm takes the version before when the newest is an hour old, by the setting that the gate holds to',
    async () => {
      await publish('young', { version: '1.0.0', license: 'MIT' }, 100)
      await publish('young', { version: '1.1.0', license: 'MIT' }, 1)
      const folder = workspace('young', 'minimumReleaseAge: 1440\n')

      await pnpm(folder, 'install', '--reporter=silent')

      expect(readFileSync(join(folder, 'pnpm-lock.yaml'), 'utf8')).toContain("'@planted/young@1.0.0'")
    },
    PATIENCE_MS,
  )

  test(
    'pnpm refuses a lockfile that somebody made without the setting when it names a version an hour old',
    async () => {
      await publish('sneaked', { version: '1.0.0', license: 'MIT' }, 1)
      const careless = workspace('sneaked', 'minimumReleaseAge: 0\n')
      await pnpm(careless, 'install', '--lockfile-only', '--reporter=silent')
      const lockfile = readFileSync(join(careless, 'pnpm-lock.yaml'), 'utf8')
      const careful = plant({
        'package.json': ROOT,
        'pnpm-workspace.yaml': 'packages: [packages/*]\nminimumReleaseAge: 1440\n',
        '.npmrc': `@planted:registry=${registry.url}\n`,
        'packages/a/package.json': manifest('a', { dependencies: { '@planted/sneaked': '^1.0.0' } }),
        'pnpm-lock.yaml': lockfile,
      })

      const refused = await pnpm(careful, 'install', '--frozen-lockfile').catch(
        (error) => error as { readonly stdout: string },
      )

      expect(refused).toMatchObject({ code: 1 })
      expect(`${refused.stdout}${(refused as { stderr?: string }).stderr}`).toContain('sneaked@1.0.0')
    },
    PATIENCE_MS,
  )
})
