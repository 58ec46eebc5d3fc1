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
  const fleet = startFleet(queue.name, { env: { SCHEDULE: '*/6 * * * * * kill' } })

  await waitFor(async () => (await queue.status()).dead === 1, {
    timeoutMs: 30_000,
    everyMs: 50,
    what: 'the first verdict',
  })
  const deathsOfFirst = fleet.deaths
  await waitFor(async () => (await queue.status()).dead === 3, { timeoutMs: 40_000, everyMs: 50, what: 'two more' })
  const deathsOfAll = fleet.deaths
  await waitFor(async () => (await queue.status()).completed === 29, { timeoutMs: 20_000, everyMs: 50 })

  const letters = await queue.dead.list()
  expect(deathsOfFirst).toBeLessThanOrEqual(3)
  expect(deathsOfAll).toBeLessThanOrEqual(deathsOfFirst + 2)
  expect(letters.map(({ verdict, payload }) => ({ verdict, payload }))).toEqual(
    Array(3).fill({ verdict: 'poison', payload: { n: 1_000, act: 'kill' } }),
  )
  expect(letters.map(({ counters }) => counters.crashes)).toEqual([1, 1, 2])
  expect(letters.every(({ id }) => id.startsWith('repeat:work:'))).toBe(true)
}, 100_000)
