/**
 * Rules for the tests themselves: nothing waits for the clock, nothing is left out, every title says what holds.
 * Programs that tests start are no tests: they may take the time that a slow server takes.
 */
import { describe, expect, test } from 'vitest'
import { filesUnder, packages, placesOf, read } from './repository.ts'

const WAITS =
  /\b(?:sleep|delay|wait)\(\s*[1-9][\d_]*\s*\)|\bsetTimeout\(\s*(?:resolve|done|ok|r)\s*,\s*[1-9]|\bnode:timers\/promises\b/g
const LEFT_OUT = /\b(?:test|it|describe)\.(?:skip|only|todo)\b|\bx(?:it|test|describe)\(/g
const TITLE = /\b(?:test|it|describe)(?:\.each\([\s\S]*?\)|\.\w+\([^)]*\))?\(\s*(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g

const groups = [...packages.map((folder) => `packages/${folder}/test`), 'test']

describe.each(groups)('%s', (group) => {
  const tests = filesUnder(new RegExp(`^${group}/.*\\.test\\.ts$`)).filter(
    (file) => !file.endsWith('architecture/tests.test.ts'),
  )

  test(`nothing in ${group} waits for a fixed time`, () => {
    expect(tests.flatMap((file) => placesOf(WAITS, file, withoutComments(file)))).toEqual([])
  })

  test(`nothing in ${group} is skipped or runs alone`, () => {
    expect(tests.flatMap((file) => placesOf(LEFT_OUT, file))).toEqual([])
  })

  test(`the titles in ${group} say what holds, not what should`, () => {
    const titles = tests.flatMap((file) => [...read(file).matchAll(TITLE)].map((found) => `${file}: ${found[2]}`))

    expect(titles.filter((title) => /\bshould\b/i.test(title))).toEqual([])
  })
})

function withoutComments(file: string): string {
  return read(file).replace(/\/\*[\s\S]*?\*\/|(?<![:'"])\/\/[^\n]*/g, (text) => text.replace(/[^\n]/g, ' '))
}
