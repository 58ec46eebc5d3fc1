import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSpanId } from '@ops/core'
import { expect, inject, test } from 'vitest'
import { resilienceMetrics } from '../src/index.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')
const samples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string)

test.each([
  [
    'the policies',
    0,
    /^posted, aborted: false\n1\. total time: 2000 ms\n2\. retry: .*\n3\. breaker: .*\n4\. .*500 ms\n$/,
  ],
  ['the limiter', 1, /^200 599\n$/],
  ['chaos', 2, /^posted 2\n$/],
])('the README prints what it says when its sample of %s is run', (_, at, printed) => {
  const sample = (samples[at] ?? '')
    .replace('redis://127.0.0.1:6379', inject('redisUrl'))
    .replace("'api'", `'${createSpanId()}'`)
  const args = ['--conditions=@ops/source', '--input-type=module-typescript', '-e', sample]

  const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })

  expect(run.stderr.replace(/.*Warning.*\n/g, '')).toBe('')
  expect(run.stdout).toMatch(printed)
})

test('the README names every metric and every error', () => {
  for (const { name } of Object.values(resilienceMetrics)) expect(readme).toContain(name)
  const codes = readFileSync(join(folder, 'src/errors.ts'), 'utf8').match(/'OPS_\w+'/g) ?? []
  for (const code of codes) expect(readme).toContain(code.slice(1, -1))
})
