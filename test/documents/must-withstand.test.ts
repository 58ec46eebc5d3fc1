/** Every test that docs/must-withstand.md names exists, and no row claims more than it shows. */
import { describe, expect, test } from 'vitest'
import { files, read } from '../architecture/repository.ts'

const SECTIONS = ['cache', 'config', 'health', 'http', 'logger', 'queue', 'resilience']
const rows = [...read('docs/must-withstand.md').matchAll(/^\| (?!case |---)(.+?) \| (.+) \|$/gm)].map(
  ([, what, shown]) => ({ what: what as string, shown: (shown as string).split('<br>') }),
)
const claims = rows.flatMap(({ what, shown }) => shown.map((claim) => ({ what, claim })))
const tests = claims.flatMap(({ what, claim }) => {
  const [, file, title] = /^`([^`]+)`: (.+)$/.exec(claim) ?? []
  return file === undefined ? [] : [{ what, file, title: (title as string).replaceAll('\\|', '|') }]
})

test('every row says what shows it, or that nothing does', () => {
  const other = claims.filter(({ claim }) => !/^(?:`[^`]+\.test\.ts`: .|\*\*not covered\*\*: .)/.test(claim))

  expect(other).toEqual([])
})

test.each(SECTIONS)('the cases of @ops/%s have a section', (name) => {
  expect(read('docs/must-withstand.md')).toMatch(new RegExp(`^## .*@ops/${name}\\b`, 'm'))
})

describe.each(tests)('$what', ({ file, title }) => {
  test(`${file} has a test of the title: ${title}`, () => {
    expect(files).toContain(file)
    expect(titlesIn(file)).toContain(title)
  })
})

/** Titles of tests and of groups, as they stand in the source. */
function titlesIn(file: string): readonly string[] {
  const source = read(file)
  return [...source.matchAll(/(?<=[([,]\s*)(?:'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\\n]|\\.)*)")/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  )
}
