/** Rules for the repository as a whole: what a newcomer sees first, and what must never be committed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { countLines, files, read, root } from './repository.ts'

const MACHINE_PATH = /(?<![\w.$}~-])\/(?:home|Users|root|work)\/[\w.-]+/
const REGISTRY_HOST = /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\.\w+|\btarball: https?:/

test('the root has at most 20 visible entries', () => {
  const visible = new Set(files.map((file) => file.split('/')[0] as string).filter((entry) => !entry.startsWith('.')))

  expect([...visible].sort()).toHaveProperty('length')
  expect(visible.size, [...visible].sort().join(' ')).toBeLessThanOrEqual(20)
})

test.each(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'LICENSE', '.ci/run'])('the root has %s', (file) => {
  expect(files).toContain(file)
})

test('ARCHITECTURE.md has at most 100 lines', () => {
  expect(countLines(read('ARCHITECTURE.md'))).toBeLessThanOrEqual(100)
})

test('no tracked file names a path of one machine', () => {
  expect(linesWith(MACHINE_PATH)).toEqual([])
})

test('no tracked file names a package registry', () => {
  expect(linesWith(REGISTRY_HOST)).toEqual([])
})

test('decisions are numbered without gaps', () => {
  const decisions = files.filter((file) => /^docs\/adr\/\d{4}-[a-z0-9-]+\.md$/.test(file)).sort()

  expect(decisions.map((file) => Number(file.slice('docs/adr/'.length, 'docs/adr/'.length + 4)))).toEqual(
    decisions.map((_, at) => at + 1),
  )
})

function linesWith(pattern: RegExp): readonly string[] {
  return files.flatMap((file) => {
    const bytes = readFileSync(join(root, file))
    if (bytes.includes(0)) return []
    return bytes
      .toString()
      .split('\n')
      .flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1} ${pattern.exec(line)?.[0]}`] : []))
  })
}
