import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OUTCOMES } from '../src/metrics.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

test('the README prints what it says when its sample is run', () => {
  const sample = /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? ''
  const { SENTRY_DSN: _dsn, ...env } = process.env

  const run = spawnSync(
    process.execPath,
    ['--conditions=@ops/source', '--input-type=module-typescript', '-e', sample],
    {
      cwd: folder,
      encoding: 'utf8',
      env,
    },
  )

  expect(run.stderr.replace(/.*Warning.*\n/g, '')).toBe('')
  expect(run.stdout).toBe('false undefined\n')
})

test('the README names every outcome', () => {
  for (const outcome of OUTCOMES) expect(readme).toContain(`\`${outcome}\``)
})
