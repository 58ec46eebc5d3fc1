import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { judge, manifest, plant, ROOT } from './gate.ts'

// Each judgement starts a process, on a machine that is busy with all other tests.
vi.setConfig({ testTimeout: 60_000 })

const tree = (fields: object) => plant({ 'package.json': ROOT, 'packages/a/package.json': manifest('a', fields) })

test('the manifests gate passes when everything is said', () => {
  expect(judge('manifests', tree({}))).toEqual({ code: 0, problems: [] })
})

test.each([
  ['its licence is another', { license: 'GPL-3.0' }, 'its license is not what follows'],
  ['its repository is another', { repository: 'somebody/else' }, 'its repository is not what follows'],
  ['it has no page for bugs', { bugs: undefined }, 'its bugs is not what follows'],
  ['it would be published without provenance', { publishConfig: { access: 'public' } }, 'its publishConfig is not'],
  ['what is stale would be packed with it', { scripts: { build: 'tsc' } }, 'its scripts is not what follows'],
  ['its changelog would not be packed', { files: ['dist', 'README.md'] }, 'its files is not what follows'],
  ['nobody would find it', { keywords: ['ops'] }, 'expected at least 3 keywords'],
  ['it says nothing about itself', { description: 'ops' }, 'expected a description'],
  ['it is CommonJS', { type: 'commonjs' }, 'expected "type": "module"'],
  ['it has a main', { main: 'index.js' }, 'expected exports and no main'],
  ['it names no Node', { engines: {} }, 'expected engines.node'],
  ['a sibling is pinned', { dependencies: { '@ops/b': '1.0.0' } }, '@ops/b is 1.0.0, expected workspace:^'],
])('the manifests gate fails when a package is wrong: %s', (_what, fields, problem) => {
  const { code, problems } = judge('manifests', tree(fields))

  expect(problems).toEqual([expect.stringContaining(`packages/a/package.json: ${problem}`)])
  expect(code).toBe(1)
})

test('the manifests gate leaves the source condition to this repository when it writes what is published', () => {
  const exports = { '.': { '@ops/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } }
  const folder = tree({ exports, publishConfig: {}, repository: undefined, homepage: undefined })

  const { code, problems } = judge('manifests', folder, '--update')
  const written = JSON.parse(readFileSync(join(folder, 'packages/a/package.json'), 'utf8'))

  expect(problems).toEqual([])
  expect(code).toBe(0)
  expect(written.exports).toEqual(exports)
  expect(written.publishConfig.exports['.']).toEqual({ types: './dist/index.d.ts', default: './dist/index.js' })
  expect(written.repository.directory).toBe('packages/a')
})
