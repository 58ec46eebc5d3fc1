/** What CONTRIBUTING.md says can be run is there to be run, and its table of gates is the list that is run. */
import { expect, test } from 'vitest'
import { build, checks } from '../../scripts/gates/gates.mjs'
import { files, read } from '../architecture/repository.ts'

const contributing = read('CONTRIBUTING.md')
const scripts = Object.keys(JSON.parse(read('package.json')).scripts)

/** What pnpm does itself. */
const BUILT_IN = ['exec']

/** Blocks of code, and code in the text. */
function codeIn(markdown: string): string {
  return [...markdown.matchAll(/^```[\s\S]*?^```|`[^`\n]+`/gm)].map(([code]) => code).join('\n')
}

test('the table of gates is what npm test runs, in its order', () => {
  const table = /\| gate \| rule \|\n\|---\|---\|\n((?:\| .*\n)+)/.exec(contributing)?.[1] ?? ''
  const named = [...table.matchAll(/^\| ([\w-]+) \| \S/gm)].map(([, gate]) => gate)

  expect(named).toEqual([...[build, ...checks].map(({ name }) => name), 'tests'])
})

test.each(['README.md', 'CONTRIBUTING.md', 'docs/release.md'])(
  'every script and file that %s says to run exists',
  (file) => {
    const text = codeIn(read(file))
    const run = [...text.matchAll(/(?<![<\w])(?:npm run|pnpm) ([a-z][\w:]*)/g)].map(([, script]) => script as string)
    const programs = [...text.matchAll(/\bnode ((?:scripts|docs|test)\/[\w/.-]+\.m?[jt]s)/g)].map(
      ([, path]) => path as string,
    )

    expect(run.filter((script) => !scripts.includes(script) && !BUILT_IN.includes(script))).toEqual([])
    expect(programs.filter((program) => !files.includes(program))).toEqual([])
    expect(run.length + programs.length).toBeGreaterThan(0)
  },
)

test('every script that people may run is in README, CONTRIBUTING or the release guide', () => {
  const text = read('README.md') + contributing + read('docs/release.md')

  expect(scripts.filter((script) => !new RegExp(`\\b(?:npm(?: run)?|pnpm) ${script}\\b`).test(text))).toEqual([])
})
