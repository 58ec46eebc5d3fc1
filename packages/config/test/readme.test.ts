/** The samples of the README, run as they stand. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { configMetrics } from '../src/metrics.ts'

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
const samples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string)

test.each(samples.map((sample, index) => ({ index, sample })))('README sample $index runs', async ({ sample }) => {
  const args = ['--conditions=@ops/source', '--input-type=module-typescript', '--eval', sample]
  const env = { PATH: process.env['PATH'], DATABASE_URL: 'postgres://app:canary@db/app' }
  const cwd = fileURLToPath(new URL('..', import.meta.url))

  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env, cwd })

  expect(stdout + stderr).not.toContain('canary')
})

test('README names every metric', () => {
  expect(samples).toHaveLength(2)
  for (const { name } of Object.values(configMetrics)) expect(readme).toContain(name)
})
