import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSpanId } from '@ops/core'
import { expect, inject, test } from 'vitest'
import { flagMetrics } from '../src/index.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')
const samples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string)

test.each([
  ['Use', 0, /^true false\n$/],
  ['Testing with it', 1, /^true\n$/],
])('the README prints what it says when its sample under %s is run', (_, at, printed) => {
  const name = createSpanId()
  const sample = (samples[at] ?? '')
    .replace('redis://127.0.0.1:6379', inject('redisUrl'))
    .replaceAll("'shop'", `'${name}'`)
  const args = ['--conditions=@ops/source', '--input-type=module-typescript', '-e', sample]

  const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })

  expect(run.stderr.replace(/.*Warning.*\n/g, '')).toBe('')
  expect(run.stdout).toMatch(printed)
})

test('the README names every metric and every error', () => {
  for (const { name } of Object.values(flagMetrics)) expect(readme).toContain(name)
  const codes = readFileSync(join(folder, 'src/errors.ts'), 'utf8').match(/'OPS_\w+'/g) ?? []
  for (const code of codes) expect(readme).toContain(code.slice(1, -1))
})
