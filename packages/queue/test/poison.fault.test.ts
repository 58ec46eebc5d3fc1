/** Real worker processes that die of a job: the job is named, its neighbours finish. */
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { connect, connectQueue, startFleet } from './fixture.ts'
import { work } from './jobs.ts'

const matrix = [
  { act: 'kill', verdict: 'poison', deaths: 3 },
  { act: 'exit', verdict: 'poison', deaths: 3 },
  { act: 'oom', verdict: 'poison', deaths: 3 },
  { act: 'loop', verdict: 'poison', deaths: 3 },
  { act: 'undefined', verdict: 'exhausted', deaths: 0 },
  { act: 'bigint', verdict: 'permanent', deaths: 0 },
  { act: 'huge', verdict: 'exhausted', deaths: 0 },
] as const

describe('a poisonous job among 29 others', () => {
  test.each(matrix)(
    '$act ends as $verdict after $deaths deaths, and the others complete',
    async ({ act, verdict, deaths }) => {
      const queue = await connectQueue([work])
      const redis = await connect()
      const fleet = startFleet(queue.name, { args: ['--max-old-space-size=64'], env: { HANG_MS: '2000' } })

      await queue.enqueueBulk(
        work,
        Array.from({ length: 30 }, (_, n) => ({ payload: n === 7 ? { n, act } : { n } })),
      )
      const settled = async () => {
        const { completed, dead } = await queue.status()
        return completed + dead === 30
      }
      await waitFor(settled, { timeoutMs: 40_000, everyMs: 50 })

      const dead = await queue.dead.list()
      expect(dead).toMatchObject([
        { job: 'work', verdict, payload: { n: 7 }, counters: { crashes: deaths === 0 ? 0 : 2 } },
      ])
      expect(JSON.stringify(dead).length).toBeLessThan(20_000)
      expect(fleet.deaths).toBe(deaths)
      expect(new Set(await redis.lrange(`${queue.name}:ends`, 0, -1)).size).toBe(act === 'bigint' ? 30 : 29)
    },
    60_000,
  )
})
