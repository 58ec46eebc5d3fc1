/** What docs/release.md says, done: changesets become versions and changelogs, and every package is published and installed. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLocalRegistry } from '../../scripts/local-registry.mjs'
import { INSTALL } from '../consumers/nodes.ts'
import { fixture, packageFolders } from '../consumers/packed.ts'
import { createProject, PATIENCE_MS } from '../consumers/project.ts'
import { createRehearsal, type Outcome, type Rehearsal, type Released } from './rehearsal.ts'

const CHANGESET = createRequire(import.meta.url).resolve('@changesets/cli/bin.js')
const RELEASE = [join('scripts', 'release.mjs')]
const BY_HAND = [...RELEASE, '--without-provenance']
const MANIFESTS = join('scripts', 'gates', 'manifests.mjs')
const DRY_RUN = [
  '--config.verify-deps-before-run=false',
  '-r',
  '--filter',
  './packages/*',
  'publish',
  '--dry-run',
  '--no-git-checks',
]
const IN_STEP = [
  '--config.verify-deps-before-run=false',
  'install',
  '--lockfile-only',
  '--frozen-lockfile',
  '--offline',
]
const HOME = 'git+https://code.ops.test/ops/ops.git'

/** A package whose upload the registry refuses once, so that a release stops half-way. */
const REFUSED = '@ops/queue'
/** What a job of a hosted CI has that may ask for no token. */
const CI_WITHOUT_TOKEN = { CI: 'true', GITHUB_ACTIONS: 'true', SIGSTORE_ID_TOKEN: 'nothing.anybody.signed' }

/** To git, nobody: as on a machine of CI. */
const NOBODY = { GIT_COMMITTER_NAME: '' }

const everything = packageFolders.map((folder) => `@ops/${folder}`).sort()

let registry: Awaited<ReturnType<typeof startLocalRegistry>>
let rehearsal: Rehearsal

beforeAll(async () => {
  registry = await startLocalRegistry()
  rehearsal = await createRehearsal(registry.url)
}, PATIENCE_MS)
afterAll(async () => {
  rehearsal?.remove()
  await registry.stop()
}, PATIENCE_MS)

describe('a release', () => {
  const outcomes: Record<string, Outcome> = {}
  const published: Record<string, readonly string[]> = {}
  let next: string
  let distTags: object
  let after: Readonly<Record<string, Released>>
  let sentences: ReturnType<typeof sentencesOf>

  async function step(name: string, command: string, args: readonly string[], env?: Readonly<Record<string, string>>) {
    outcomes[name] = await rehearsal.run(command, args, env)
    published[name] = namesOf(registry.published)
  }

  async function releaseFixOnOldLine(): Promise<void> {
    rehearsal.write('.changeset/fix.md', '---\n"@ops/core": patch\n---\n\nA fix.\n')
    await step('version of the fix', 'node', [CHANGESET, 'version'])
    await rehearsal.commit()
    await step('fix', 'node', [...BY_HAND, '--tag', 'old-line'])
    const document = await (await fetch(`${registry.url}@ops%2fcore`)).json()
    distTags = (document as { readonly 'dist-tags': object })['dist-tags']
  }

  beforeAll(async () => {
    rehearsal.write('.changeset/rehearsed.md', '---\n"@ops/core": minor\n---\n\nA sentence for users.\n')
    const waiting = rehearsal.changesets().map((file) => rehearsal.read(`.changeset/${file}`))
    const isMajor = waiting.some((text) => /^["']@ops.*: major$/m.test(text))
    next = versionAfter(rehearsal.manifests()['core']?.version as string, isMajor)
    sentences = waiting.flatMap(sentencesOf)
    await step('with changesets', 'node', BY_HAND)
    await step('version', 'node', [CHANGESET, 'version'])
    after = rehearsal.manifests()
    await step('lockfile', 'pnpm', IN_STEP)
    await step('without an address', 'node', BY_HAND)
    rehearsal.write('package.json', rehearsal.read('package.json').replace(/"url": ".*"/, `"url": "${HOME}"`))
    await step('address', 'node', [MANIFESTS, '--update'])
    await rehearsal.commit()
    rehearsal.write('packages/core/dist/gone.js', 'export const gone = true\n')
    await step('dry run', 'pnpm', DRY_RUN)
    await step('on a laptop', 'node', RELEASE)
    await step('by nobody', 'node', BY_HAND, NOBODY)
    await step('without a token', 'node', RELEASE, CI_WITHOUT_TOKEN)
    registry.refused.add(REFUSED)
    await step('interrupted', 'node', BY_HAND)
    await step('tags of half a release', 'git', ['tag', '--list'])
    registry.refused.clear()
    await step('resumed', 'node', BY_HAND)
    await step('a tag was lost', 'git', ['tag', '--delete', `@ops/core@${next}`])
    await step('again', 'node', BY_HAND)
    await step('tags', 'git', ['tag', '--list'])
    await releaseFixOnOldLine()
  }, 2 * PATIENCE_MS)

  test('`changeset version` gives all packages one version, the next one, and takes up every changeset', () => {
    expect(outcomes['version']?.code, outcomes['version']?.output).toBe(0)
    expect([...new Set(Object.values(after).map(({ version }) => version))]).toEqual([next])
    expect(rehearsal.changesets()).toEqual([])
  })

  test('`changeset version` writes the sentence of each changeset into the changelogs of the packages it names', () => {
    expect(sentences.length).toBeGreaterThan(0)
    for (const { folder, sentence } of sentences) {
      expect(rehearsal.read(`packages/${folder}/CHANGELOG.md`)).toContain(`- ${sentence}`)
    }
    for (const folder of packageFolders) {
      const [title, , version] = rehearsal.read(`packages/${folder}/CHANGELOG.md`).split('\n')
      expect([title, version]).toEqual([`# @ops/${folder}`, `## ${patchOf(next)}`])
      expect(rehearsal.read(`packages/${folder}/CHANGELOG.md`)).toContain(`\n## ${next}\n`)
    }
  })

  test('`changeset version` leaves the ranges between siblings, the lockfile and every other file as they are', () => {
    for (const { dependencies = {}, peerDependencies = {} } of Object.values(after)) {
      const siblings = Object.entries({ ...dependencies, ...peerDependencies }).filter(([name]) => isOurs(name))
      expect(siblings.filter(([, range]) => range !== 'workspace:^')).toEqual([])
    }
    expect(outcomes['lockfile']?.code, outcomes['lockfile']?.output).toBe(0)
  })

  test('a release is refused when changesets wait, and when nobody has said where the repository is', () => {
    expect(outcomes['with changesets']?.output).toMatch(/Cannot release: \d+ changesets are in no version yet/)
    expect(outcomes['without an address']?.output).toContain('expected its real address (docs/release.md')
    expect([outcomes['with changesets']?.code, outcomes['without an address']?.code]).toEqual([1, 1])
    expect(published['without an address']).toEqual([])
  })

  test('the address of the repository stands in every package when it was changed in one place', () => {
    expect(outcomes['address']).toEqual({ code: 0, output: '' })
    expect(rehearsal.read('packages/queue/package.json')).toContain(HOME)
  })

  test('a dry run packs every package in its version and publishes nothing', () => {
    expect(outcomes['dry run']?.code, outcomes['dry run']?.output).toBe(0)
    for (const name of everything) expect(outcomes['dry run']?.output).toContain(`${name}@${next}`)
    expect(published['dry run']).toEqual([])
  })

  test('a release is refused when no provenance can be had: without a token, and by pnpm when the token is worth nothing', () => {
    expect(outcomes['on a laptop']?.code).toBe(1)
    expect(outcomes['on a laptop']?.output).toContain('Cannot release with provenance')
    expect(outcomes['without a token']?.code).toBe(1)
    expect(outcomes['without a token']?.output).toContain('ERR_PNPM_ID_TOKEN_GITHUB_WORKFLOW_INCORRECT_PERMISSIONS')
    expect(published['without a token']).toEqual([])
  })

  test('a release is refused, and publishes nothing, when nobody is there to make the tags', () => {
    expect(outcomes['by nobody']?.code).toBe(1)
    expect(outcomes['by nobody']?.output).toContain('git does not know who tags')
    expect(published['by nobody']).toEqual([])
  })

  test('a release that stopped half-way fails, and publishes the rest and nothing twice when it is run again', () => {
    expect(outcomes['interrupted']?.code).not.toBe(0)
    expect(published['interrupted']).not.toContain(REFUSED)
    expect(outcomes['resumed']?.code, outcomes['resumed']?.output).toBe(0)
    expect(published['resumed']).toEqual(everything)
  })

  test('a release publishes nothing when everything is published', () => {
    expect(outcomes['again']?.code, outcomes['again']?.output).toBe(0)
    expect(published['again']).toEqual(everything)
  })

  test('a fix of an old line is published in its next patch under a tag of its own, and latest stays', () => {
    expect(outcomes['fix']?.code, outcomes['fix']?.output).toBe(0)
    expect(published['fix']).toEqual([...everything, ...everything].sort())
    expect(distTags).toEqual({ latest: next, 'old-line': patchOf(next) })
  })

  test('a release tags every package once all are published, and again what has lost its tag', () => {
    expect(outcomes['tags of half a release']?.output).toBe('')
    const tags = outcomes['tags']?.output.trim().split('\n').sort()

    expect(tags).toEqual(everything.map((name) => `${name}@${next}`))
  })

  test('what was published asks for siblings by their version and says whose it is', () => {
    for (const manifest of registry.published as readonly (Released & { readonly repository: { url: string } })[]) {
      const { version, dependencies = {}, peerDependencies = {}, repository } = manifest
      const siblings = Object.entries({ ...dependencies, ...peerDependencies }).filter(([name]) => isOurs(name))
      expect(siblings.filter(([, range]) => range !== `^${version}`)).toEqual([])
      expect(repository.url).toBe(HOME)
      expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:|"prepack"/)
    }
  })

  test(
    'a stranger installs what was published, with its changelog and nothing that no source makes, and it runs',
    async () => {
      const project = createProject(registry.url)
      const dependencies = { '@ops/service': next, '@ops/core': next, pino: '^10.4.0', zod: '^4.6.7' }
      project.write('package.json', { name: 'stranger', private: true, dependencies })
      project.write('required.cjs', fixture('projects', 'required.cjs'))
      await project.run('npm', INSTALL.npm)

      expect(await project.run('node', ['required.cjs'])).toBe('')
      expect(await project.run('cat', ['node_modules/@ops/core/CHANGELOG.md'])).toContain('A sentence for users.')
      expect(await project.run('ls', ['node_modules/@ops/core/dist'])).not.toContain('gone')
      await project.remove()
    },
    PATIENCE_MS,
  )
})

test(
  'a minor change of one package makes the next minor of all, siblings that are peers notwithstanding',
  async () => {
    const stable = await createRehearsal(registry.url)
    for (const file of stable.changesets()) stable.write(`.changeset/${file}`, '---\n---\n\nNothing.\n')
    for (const [folder, manifest] of Object.entries(stable.manifests())) {
      stable.write(`packages/${folder}/package.json`, { ...manifest, version: '1.4.2' })
    }
    stable.write('.changeset/minor.md', '---\n"@ops/flags": minor\n---\n\nMore.\n')

    const { code, output } = await stable.run('node', [CHANGESET, 'version'])

    expect(code, output).toBe(0)
    expect([...new Set(Object.values(stable.manifests()).map(({ version }) => version))]).toEqual(['1.5.0'])
    stable.remove()
  },
  PATIENCE_MS,
)

/** For each package that a changeset names, its sentence. */
function sentencesOf(changeset: string): readonly { readonly folder: string; readonly sentence: string }[] {
  const [, front = '', sentence = ''] = /^---\n([\s\S]*?)\n---\n\n(.+)/.exec(changeset) ?? []
  return [...front.matchAll(/@ops\/([\w-]+)/g)].map(([, folder]) => ({ folder: folder as string, sentence }))
}

/** The version that follows when the largest change that waits is a minor one, or a major one. */
function versionAfter(version: string, isMajor: boolean): string {
  const [major, minor] = version.split('.').map(Number) as [number, number]
  return isMajor ? `${major + 1}.0.0` : `${major}.${minor + 1}.0`
}

function patchOf(version: string): string {
  const [major, minor, patch] = version.split('.').map(Number) as [number, number, number]
  return `${major}.${minor}.${patch + 1}`
}

function namesOf(manifests: readonly object[]): readonly string[] {
  return manifests.map((manifest) => (manifest as Released).name).sort()
}

function isOurs(name: string): boolean {
  return name.startsWith('@ops/')
}
