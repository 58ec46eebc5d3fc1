/** A worker suspended between taking a job and starting its handler: when it wakes up another has the job, and the fence stands higher. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import type { Queue } from '../src/index.ts'
import { closing, connect, connectQueue, readStarts, type Start, startFleet } from './fixture.ts'
import { work } from './jobs.ts'

/** Two workers, the first of which to take a job suspends itself before that job's handler starts. */
async function startSuspendable(queue: Queue) {
  const redis = await connect()
  const folder = mkdtempSync(join(tmpdir(), 'ops-queue-'))
  closing(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'suspended')
  startFleet(queue.name, { members: 2, env: { SUSPEND: file, CONCURRENCY: '1' } })
  const suspended = (): number => {
    try {
      return Number(readFileSync(file, 'utf8'))
    } catch {
      return 0
    }
  }
  const starts = (): Promise<Start[]> => readStarts(redis, queue)
  return { suspended, starts }
}

describe('a worker suspended between taking a job and starting its handler', () => {
  test('does not start it when another has started it meanwhile, and takes other jobs', async () => {
    const queue = await connectQueue([work])
    const { suspended, starts } = await startSuspendable(queue)
    const { id } = await queue.enqueue(work, { n: 0 })
    await waitFor(() => suspended() > 0, { timeoutMs: 20_000, what: 'a worker to suspend itself' })
    await waitFor(async () => (await starts()).length === 1, { timeoutMs: 20_000, what: 'the other to start the job' })
    const woken = suspended()

    process.kill(woken, 'SIGCONT')
    await queue.enqueueBulk(
      work,
      Array.from({ length: 40 }, (_, n) => ({ payload: { n: n + 1 } })),
    )
    await waitFor(async () => (await queue.status()).completed === 41, { timeoutMs: 30_000 })

    const all = await starts()
    const [first, ...others] = all.filter((start) => start.id === id)
    expect(first).toMatchObject({ fence: 2 })
    expect(first?.pid).not.toBe(woken)
    expect(others).toEqual([])
    expect(all.some(({ pid }) => pid === woken)).toBe(true)
    expect(await queue.status()).toMatchObject({ dead: 0, delayed: 0 })
  }, 90_000)

  test('writes no dead letter of a job that another worker has', async () => {
    const queue = await connectQueue([work])
    const { suspended, starts } = await startSuspendable(queue)
    // Its payload is refused by the worker that wakes up, and by no other.
    const { id } = await queue.enqueue(work, { n: 0, act: 'refused' })
    await waitFor(() => suspended() > 0, { timeoutMs: 20_000, what: 'a worker to suspend itself' })
    await waitFor(async () => (await queue.status()).completed === 1, { timeoutMs: 20_000 })
    const woken = suspended()

    process.kill(woken, 'SIGCONT')
    await queue.enqueueBulk(
      work,
      Array.from({ length: 40 }, (_, n) => ({ payload: { n: n + 1 } })),
    )
    await waitFor(async () => (await queue.status()).completed === 41, { timeoutMs: 30_000 })

    expect((await starts()).some(({ pid }) => pid === woken)).toBe(true)
    expect(await queue.dead.show(id)).toBeUndefined()
  }, 90_000)
})
