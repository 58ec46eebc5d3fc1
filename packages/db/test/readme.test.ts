import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OPERATIONS } from '../src/index.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

test('the README prints what it says when its sample is run', () => {
  const sample = /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? ''

  const run = spawnSync(
    process.execPath,
    ['--conditions=@ops/source', '--input-type=module-typescript', '-e', sample],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  )

  expect(run.stderr.replace(/.*Warning.*\n/g, '')).toBe('')
  expect(run.stdout).toContain('[ { n: 42 } ]')
  expect(run.stdout).toContain("operation: 'update'")
  expect(run.stdout).toContain('with due as (select ?) update bills set state = ? where id in (?)')
})

test('the README names every operation', () => {
  expect(readme.replaceAll('\n', ' ')).toContain(OPERATIONS.join(' '))
})
