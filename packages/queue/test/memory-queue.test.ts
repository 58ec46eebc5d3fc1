/** What only the memory queue has: a clock that tests own, and idle(). The rest stands in contract.test.ts. */
import { createTestClock, createTestRandom } from '@ops/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob, type JobRun } from '../src/index.ts'
import { createMemoryQueue } from '../src/testing/index.ts'
import { closing } from './fixture.ts'

const job = defineJob('job', {
  schema: z.object({ n: z.number() }),
  retry: { attempts: 3, baseMs: 60_000, within: '3h' },
})

function setup() {
  const clock = createTestClock()
  const queue = createMemoryQueue('memory', { jobs: [job], clock, random: createTestRandom(1) })
  closing(() => queue.close())
  return { clock, queue }
}

test('createMemoryQueue() waits on the clock it is given, and idle() resolves when nothing is left', async () => {
  const { clock, queue } = setup()
  const attempts: number[] = []
  queue.work({
    job: (_: unknown, { attempt }: JobRun) => {
      attempts.push(attempt)
      throw new Error('down')
    },
  })
  let idle = false

  await queue.enqueue(job, { n: 1 }, { delayMs: 3_600_000 })
  const done = queue.idle().then(() => (idle = true))
  await clock.advance(3_599_000)
  expect([attempts, idle]).toEqual([[], false])
  await clock.advance(600_000)
  await done

  expect(attempts).toEqual([1, 2, 3])
  expect(await queue.status()).toMatchObject({ dead: 1, delayed: 0 })
})

test('idle() resolves at once when there is nothing', async () => {
  const { queue } = setup()

  await queue.idle()

  expect(await queue.status()).toEqual({ waiting: 0, active: 0, delayed: 0, completed: 0, dead: 0 })
})

test('createMemoryQueue() forgets a key after a day', async () => {
  const { clock, queue } = setup()

  const first = await queue.enqueue(job, { n: 1 }, { key: 'k' })
  await clock.advance(86_400_000)
  const second = await queue.enqueue(job, { n: 1 }, { key: 'k' })

  expect([first.deduplicated, second.deduplicated]).toEqual([false, false])
  expect(second.id).not.toBe(first.id)
})

test('work() runs no more at once than its concurrency, and what it is given when it starts late', async () => {
  const { queue } = setup()
  await queue.enqueueBulk(
    job,
    [1, 2, 3, 4, 5].map((n) => ({ payload: { n } })),
  )
  let [running, most] = [0, 0]

  queue.work(
    {
      job: async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
      },
    },
    { concurrency: 2 },
  )
  await queue.idle()

  expect(most).toBe(2)
})

test('createMemoryQueue() and work() refuse what the real ones refuse', () => {
  const { queue } = setup()

  expect(() => createMemoryQueue('No', { jobs: [] })).toThrow(TypeError)
  expect(() => createMemoryQueue('q', { jobs: [job, job] })).toThrow(TypeError)
  expect(() => queue.work({ other: () => {} })).toThrow(TypeError)
})
