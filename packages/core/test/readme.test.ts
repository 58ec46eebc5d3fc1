import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '..')

test('the README prints what it says when its sample is run', () => {
  const sample = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(join(folder, 'README.md'), 'utf8'))?.[1] ?? ''

  const run = spawnSync(
    process.execPath,
    ['--conditions=@ops/source', '--input-type=module-typescript', '-e', sample],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  )

  expect(run.stderr.replace(/.*Warning.*\n/g, '')).toBe('')
  expect(run.stdout).toBe('acme r-1\nundefined\n')
})
