/** The workflows of a hosted CI do what is done here, with the least rights, and hold no secret. Nobody can run them here. */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { files, packages, read, root } from '../architecture/repository.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly steps?: readonly Step[]
  readonly uses?: string
  readonly needs?: string | readonly string[]
  readonly if?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly environment?: string
  readonly strategy?: { readonly matrix: { readonly node: readonly number[] } }
  readonly 'timeout-minutes'?: number
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const names = files.filter((file) => /^\.github\/workflows\/[\w-]+\.yml$/.test(file))
const workflows = Object.fromEntries(names.map((file) => [file, parse(read(file)) as Workflow]))
const ci = workflows['.github/workflows/ci.yml'] as Workflow
const release = workflows['.github/workflows/release.yml'] as Workflow
const scripts = Object.keys(JSON.parse(read('package.json')).scripts)

/** More than reading, with what it is for. */
const RIGHTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'release.yml version': { contents: 'write', 'pull-requests': 'write' },
  'release.yml publish': { contents: 'write', 'id-token': 'write' },
}

/** What is run besides the commands that people use. */
const PLUMBING = [
  /^sudo env RUNLEVEL=1 apt-get (?:update|install --yes --no-install-recommends [a-z -]+)$/,
  /^echo "changesets=\$\(find \.changeset -name '\*\.md' \| wc -l\)" >> "\$GITHUB_OUTPUT"$/,
  /^git push origin --tags$/,
  /^git config user\.name '[\w[\]-]+' && git config user\.email '[\w+[\]@.-]+'$/,
]

test('there is a workflow for CI and one for releases', () => {
  expect([...names].sort()).toEqual(['.github/workflows/ci.yml', '.github/workflows/release.yml'])
})

describe.each(names)('%s', (file) => {
  const { permissions, jobs } = workflows[file] as Workflow
  const name = file.slice('.github/workflows/'.length)
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? [])

  test(`${name} may read, and a job more only where it is listed here`, () => {
    expect(permissions).toEqual({ contents: 'read' })
    for (const [job, { permissions: own }] of Object.entries(jobs)) expect(own).toEqual(RIGHTS[`${name} ${job}`])
  })

  test(`${name} runs commands that README or CONTRIBUTING name, and little else`, () => {
    const documented = read('README.md') + read('CONTRIBUTING.md') + read('docs/release.md')
    const unknown = steps
      .flatMap(({ run }) => run?.trim().split('\n') ?? [])
      .filter((line) => !PLUMBING.some((pattern) => pattern.test(line)))
      .filter((line) => line !== './.ci/run' && !(isScript(line) && documented.includes(line)))

    expect(unknown).toEqual([])
  })

  test(`${name} pins every action to a commit, and says to which version`, () => {
    const used = [...read(file).matchAll(/^\s*-? ?uses: (.+)$/gm)].map(([, action]) => action as string)

    expect(used.filter((action) => !/^(?:\.\/|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/.test(action))).toEqual([])
    expect(used.length).toBeGreaterThan(0)
  })

  test(`${name} names no secret, and puts nothing that strangers write into a command`, () => {
    expect(read(file)).not.toMatch(/secrets\b|_token:|password|npm_[A-Za-z0-9]{36}/i)
    expect(steps.filter(({ run }) => run?.includes('${{'))).toEqual([])
    expect(read(file)).not.toContain('pull_request_target')
  })

  test(`${name} keeps no credentials on disk where nothing is pushed, and ends every job some time`, () => {
    for (const [job, { steps: own = [], permissions: rights, uses, ...rest }] of Object.entries(jobs)) {
      const [checkout] = own.filter((step) => step.uses?.startsWith('actions/checkout@'))
      if (uses === undefined) expect(rest['timeout-minutes'], job).toBeGreaterThan(0)
      if (uses === undefined && rights?.['contents'] !== 'write') {
        expect(checkout?.with?.['persist-credentials'], job).toBe(false)
      }
    }
  })
})

test('CI runs .ci/run, which runs what README says that CI runs', () => {
  accessSync(join(root, '.ci', 'run'), constants.X_OK)

  expect(ci.jobs['test']?.steps?.map(({ run }) => run)).toContain('./.ci/run')
  expect(read('.ci/run')).toMatch(/ && exec npm test\n$/)
  expect(read('README.md')).toMatch(/^npm test +# everything CI runs$/m)
})

test('CI runs on the majors of Node that the packages and this repository support', () => {
  const majors = ci.jobs['test']?.strategy?.matrix.node
  const ours = JSON.parse(read('package.json')).engines.node as string
  const theirs = new Set(packages.map((folder) => JSON.parse(read(`packages/${folder}/package.json`)).engines.node))

  expect(majors).toEqual([...ours.matchAll(/(?<=\^|>=)\d+/g)].map(([major]) => Number(major)))
  expect([...theirs]).toEqual([`>=${majors?.[0]}.15.0`])
})

test('a release is published only from main, tested, by people who were asked, when no changeset waits', () => {
  const { publish, version } = release.jobs

  expect(release.on).toEqual({ push: { branches: ['main'] }, workflow_dispatch: null })
  expect(publish).toMatchObject({ needs: ['plan', 'test'], environment: 'npm' })
  expect(release.jobs['test']).toMatchObject({ uses: './.github/workflows/ci.yml' })
  expect(Object.keys(ci.on)).toContain('workflow_call')
  expect([publish?.if, version?.if]).toEqual([
    "github.ref == 'refs/heads/main' && needs.plan.outputs.changesets == '0'",
    "github.ref == 'refs/heads/main' && needs.plan.outputs.changesets != '0'",
  ])
})

/** True for a script of package.json, run as README says. */
function isScript(line: string): boolean {
  const [, script] = /^npm (?:run )?([\w:-]+)$/.exec(line) ?? []
  return script !== undefined && scripts.includes(script)
}
