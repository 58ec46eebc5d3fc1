/** The options tables of the READMEs say what the sources say. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { documentedOptions, withOptionTables } from '../../scripts/documents/option-tables.mjs'
import { packages, read, root } from '../architecture/repository.ts'

/** Their options are arguments, or those of the commands. */
const WITHOUT_INTERFACES = ['testing']

describe.each(packages)('packages/%s', (folder) => {
  test(`the options tables of ${folder} are those of its sources (pnpm documents writes them)`, () => {
    const readme = read(`packages/${folder}/README.md`)

    expect(readme).toBe(withOptionTables(readme, join(root, 'packages', folder)))
  })
})

test('every package with options documents some of them by a generated table', () => {
  const without = packages.filter((folder) => documentedOptions(read(`packages/${folder}/README.md`)).length === 0)

  expect(without).toEqual(WITHOUT_INTERFACES)
})

test('withOptionTables() throws when there is no interface of that name', () => {
  const folder = join(root, 'packages', 'cache')

  expect(() => withOptionTables('<!-- options NoSuchOptions -->\n<!-- end -->', folder)).toThrow(
    'no interface of that name',
  )
  expect(withOptionTables('<!-- options CacheOptions -->\n<!-- end -->', folder)).toContain('| `redis` | ')
})
