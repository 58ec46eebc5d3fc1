import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '..')
const samples = [...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code ?? '',
)
const args = (sample: string) => ['--conditions=@ops/source', '--input-type=module-typescript', '-e', sample]

test('the README prints what it says when its first sample is run', () => {
  const run = spawnSync(process.execPath, args(samples[0] ?? ''), { cwd: folder, encoding: 'utf8' })

  expect(run.stderr.replace(/.*Warning.*\n/g, '')).toBe('')
  expect(run.stdout).toBe('awake 0\n')
})

test('the README is right about the proxy when its second sample is run', async () => {
  const target = createServer()
  await once(target.listen(0, '127.0.0.1'), 'listening')
  const { port } = target.address() as { port: number }

  const child = spawn(process.execPath, args((samples[1] ?? '').replace('6379', String(port))), { cwd: folder })
  const [exitCode] = await once(child, 'exit')
  target.close()

  expect(exitCode).toBe(0)
})
