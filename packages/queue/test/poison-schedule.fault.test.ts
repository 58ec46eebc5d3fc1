/** A schedule whose job kills its process: no crash loop, a verdict for each run, neighbours that finish, and a schedule that goes on. */
import { waitFor } from '@ops/testing'
import { expect, test } from 'vitest'
import { connectQueue, startFleet } from './fixture.ts'
import { work } from './jobs.ts'

test('a poisonous schedule costs three deaths for its first run, one for each that follows, and goes on', async () => {
  const queue = await connectQueue([work])
  await queue.enqueueBulk(
    work,
    Array.from({ length: 29 }, (_, n) => ({ payload: { n, ms: 200 } })),
  )
  // Ticks far enough apart for a slow machine to have found its suspect before the next.
  const fleet = startFleet(queue.name, { env: { SCHEDULE: '*/10 * * * * * kill' } })

  await waitFor(async () => (await queue.status()).dead >= 3, {
    timeoutMs: 90_000,
    everyMs: 50,
    what: 'three verdicts',
  })
  const { deaths } = fleet
  const letters = (await queue.dead.list()).sort((a, b) => a.id.localeCompare(b.id)).slice(0, 3)
  await waitFor(async () => (await queue.status()).completed === 29, { timeoutMs: 30_000, everyMs: 50 })

  expect(deaths).toBeLessThanOrEqual(3 + 1 + 1)
  expect(letters.map(({ verdict, payload }) => ({ verdict, payload }))).toEqual(
    Array(3).fill({ verdict: 'poison', payload: { n: 1_000, act: 'kill' } }),
  )
  // By the time they were due, which their ids tell.
  expect(letters.map(({ counters }) => counters.crashes)).toEqual([2, 1, 1])
  expect(letters.every(({ id }) => id.startsWith('repeat:work:'))).toBe(true)
}, 150_000)
