import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { queueMetrics } from '../src/index.ts'

const folder = join(import.meta.dirname, '..')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')

test('the README prints what it says when its sample is run', () => {
  const sample =
    /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1]?.replace('redis://127.0.0.1:6379', inject('redisUrl')) ?? ''

  const args = ['--conditions=@ops/source', '--input-type=module-typescript', '-e', sample]
  const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })

  expect(run.stderr.replace(/.*Warning.*\n/g, '')).toBe('')
  expect(run.stdout).toBe('hello Ada\n')
})

test('the README names every metric and every error', () => {
  for (const { name } of Object.values(queueMetrics)) expect(readme).toContain(name)
  const codes = readFileSync(join(folder, 'src/errors.ts'), 'utf8').match(/'OPS_\w+'/g) ?? []
  for (const code of codes) expect(readme).toContain(code.slice(1, -1))
})
