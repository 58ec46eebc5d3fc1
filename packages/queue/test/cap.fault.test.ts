/** Slots of a tenant whose worker dies: they come back with the jobs, long before the parked ones would look by themselves. */
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { asTenant, connect, connectQueue, readStarts, startFleet } from './fixture.ts'
import { work } from './jobs.ts'

/** How long a parked job waits at most when nobody calls it; what is over sooner was called. */
const PARKED_MS = 60_000

describe("a tenant's slots", () => {
  test.each([
    { of: 'a killed worker', act: undefined, dead: 0 },
    { of: 'a poisonous job', act: 'kill', dead: 1 },
  ])(
    'are free again after the end of $of',
    async ({ act, dead }) => {
      const redis = await connect()
      const queue = await connectQueue([work], { redis, fairness: { cap: 1 } })
      const fleet = startFleet(queue.name, { members: 2, env: { CAP: '1' } })
      await waitFor(() => fleet.ready, { timeoutMs: 30_000 })
      await asTenant('t', () => queue.enqueue(work, { n: 0, ms: 300, ...(act !== undefined && { act }) }))
      await waitFor(async () => (await readStarts(redis, queue)).length === 1, { timeoutMs: 10_000 })
      await asTenant('t', () =>
        queue.enqueueBulk(
          work,
          Array.from({ length: 6 }, (_, n) => ({ payload: { n: n + 1 } })),
        ),
      )
      const slots = `{ops:${queue.name}}:${queue.name}:ops-slots:t`

      if (act === undefined) process.kill((await readStarts(redis, queue))[0]?.pid as number, 'SIGKILL')
      const ended = async () => {
        const status = await queue.status()
        return status.completed + status.dead === 7
      }
      await waitFor(ended, { timeoutMs: PARKED_MS / 2, everyMs: 50, what: 'the jobs of the tenant' })
      await waitFor(async () => (await redis.scard(slots)) === 0, { what: 'the slots to be free' })

      expect(await queue.status()).toMatchObject({ dead, waiting: 0, delayed: 0, active: 0 })
    },
    90_000,
  )

  test('are not given back by a worker that wakes up when another has the job', async () => {
    const redis = await connect()
    const queue = await connectQueue([work], { redis, fairness: { cap: 1 } })
    const fleet = startFleet(queue.name, { members: 2, env: { CAP: '1' } })
    await waitFor(() => fleet.ready, { timeoutMs: 30_000 })
    const { id } = await asTenant('t', () => queue.enqueue(work, { n: 0, ms: 2_500 }))
    await waitFor(async () => (await readStarts(redis, queue)).length === 1, { timeoutMs: 10_000 })
    const first = (await readStarts(redis, queue))[0]?.pid as number
    process.kill(first, 'SIGSTOP')
    await waitFor(async () => (await readStarts(redis, queue)).length === 2, { timeoutMs: 10_000 })
    process.kill(first, 'SIGCONT')
    const entries = Array.from({ length: 4 }, (_, n) => ({ payload: { n: n + 1 } }))
    const others = await asTenant('t', () => queue.enqueueBulk(work, entries))

    await waitFor(async () => (await queue.status()).completed === 5, { timeoutMs: PARKED_MS / 2, everyMs: 50 })

    const timeOf = async (job: string, what: string): Promise<number> =>
      Number(await redis.hget(`{ops:${queue.name}}:${queue.name}:${job}`, what))
    const began = await Promise.all(others.map((other) => timeOf(other.id, 'processedOn')))
    // Not while the other worker ran it, which took 2,500 ms.
    expect(Math.min(...began)).toBeGreaterThan((await timeOf(id, 'finishedOn')) - 1_000)
  }, 90_000)
})
