import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { judge, manifest, plant, ROOT } from './gate.ts'

// Each judgement starts processes, on a machine that is busy with all other tests.
vi.setConfig({ testTimeout: 60_000 })

const HEAVY = "export const heavy = 'heavy'\n"
const BUDGETS = 'scripts/gates/budgets.json'

let folder: string

beforeEach(() => {
  folder = plant({
    'package.json': ROOT,
    'packages/a/package.json': manifest('a'),
    'packages/a/dist/index.js': "export { small } from './small.js'\n",
    'packages/a/dist/small.js': "export const small = 'small'\n",
    'packages/b/package.json': manifest('b'),
    'packages/b/dist/index.js': "export const b = 'b'\n",
    'node_modules/heavy/package.json': { name: 'heavy', version: '1.0.0', type: 'module', exports: './index.js' },
    'node_modules/heavy/index.js': HEAVY,
    'node_modules/@sentry/node/package.json': { name: '@sentry/node', version: '1.0.0', main: 'index.js' },
    'node_modules/@sentry/node/index.js': "module.exports = { sentry: 'sentry' }\n",
    [BUDGETS]: {},
  })
  expect(judge('budgets', folder, '--update')).toEqual({ code: 0, problems: [] })
})

const write = (file: string, text: string) => writeFileSync(join(folder, file), text)
const budgets = () => JSON.parse(readFileSync(join(folder, BUDGETS), 'utf8'))
const noise = (bytes: number) =>
  `export const small = '${Array.from({ length: bytes }, (_, at) => ((at * 7919) % 36).toString(36)).join('')}'\n`

describe('the budgets gate', () => {
  test('the budgets gate passes when nothing has changed', () => {
    expect(judge('budgets', folder)).toEqual({ code: 0, problems: [] })
    expect(budgets()['@ops/a']).toMatchObject({ modules: 3, loads: [] })
  })

  test('the budgets gate fails with size and budget when an entry has grown', () => {
    write('packages/a/dist/small.js', noise(2000))

    const { code, problems } = judge('budgets', folder)

    expect(code).toBe(1)
    expect(problems).toEqual([
      expect.stringMatching(/^@ops\/a: \d+ bytes minified and compressed, budget \d+: make it smaller, or say why/),
      expect.stringMatching(/^@ops\/a: \d+ bytes loaded by its import, budget \d+: make it smaller/),
    ])
  })

  test('the budgets gate fails when an import loads a package that it did not load', () => {
    write('packages/a/dist/small.js', "import 'heavy'\nexport const small = 'small'\n")

    expect(judge('budgets', folder).problems).toContainEqual(
      expect.stringMatching(/^@ops\/a: importing it now loads heavy: import\(\) it where it is needed/),
    )
  })

  test('the budgets gate passes when a heavy package is loaded only where it is asked for', () => {
    write('packages/a/dist/small.js', "export const small = () => import('heavy')\n")

    expect(judge('budgets', folder).problems.filter((problem) => problem.includes('heavy'))).toEqual([])
  })

  test('the budgets gate fails whatever the reason when an import loads what is never loaded at import', () => {
    write('packages/a/dist/small.js', "import '@sentry/node'\nexport const small = 'small'\n")

    const { code, problems } = judge('budgets', folder, '--update', '--because', 'we like it')

    expect(code).toBe(1)
    expect(problems).toEqual([expect.stringContaining('importing it loads @sentry/node, which must wait')])
  })

  test('the budgets gate raises nothing when it updates without a reason', () => {
    const before = budgets()
    write('packages/a/dist/small.js', noise(2000))

    expect(judge('budgets', folder, '--update').code).toBe(1)
    expect(budgets()).toEqual(before)
  })

  test('the budgets gate keeps the reason when it raises a budget', () => {
    const before = budgets()
    write('packages/a/dist/small.js', noise(2000))

    expect(judge('budgets', folder, '--update', '--because', 'a table of primes').code).toBe(0)
    expect(budgets()['@ops/a']).toMatchObject({ because: 'a table of primes', modules: before['@ops/a'].modules })
    expect(budgets()['@ops/a'].size).toBeGreaterThan(before['@ops/a'].size)
    expect(budgets()['@ops/b']).toEqual(before['@ops/b'])
  })

  test('the budgets gate asks to be tightened when an entry has shrunk, and then holds to it', () => {
    write('packages/a/dist/small.js', noise(2000))
    judge('budgets', folder, '--update', '--because', 'a table of primes')
    const wide = budgets()['@ops/a'].size
    write('packages/a/dist/small.js', "export const small = 'small'\n")

    expect(judge('budgets', folder).problems).toContainEqual(expect.stringContaining('is slack: run'))
    expect(judge('budgets', folder, '--update').code).toBe(0)
    expect(budgets()['@ops/a'].size).toBeLessThan(wide)
  })

  test('the budgets gate fails when an entry has no budget, and when a budget has no entry', () => {
    const { '@ops/a': a } = budgets()
    write(BUDGETS, JSON.stringify({ '@ops/a': a, '@ops/gone': a }))

    expect(judge('budgets', folder).problems).toEqual([
      expect.stringContaining('@ops/gone has a budget but is no entry any more'),
      expect.stringContaining('@ops/b has no budget'),
    ])
  })
})
