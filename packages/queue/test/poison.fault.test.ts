/** Real worker processes that die of a job: the job is named, its neighbours finish. */
import { waitFor } from '@ops/testing'
import { describe, expect, it } from 'vitest'
import { connect, connectQueue, startFleet } from './fixture.ts'
import { work } from './jobs.ts'

describe('a job that kills its process', () => {
  it('kill -9 becomes a dead letter that names it, after two deaths alone, when 29 neighbours run beside it', async () => {
    const queue = await connectQueue([work])
    const redis = await connect()
    const fleet = startFleet(queue.name)

    await queue.enqueueBulk(
      work,
      Array.from({ length: 30 }, (_, n) => ({ payload: n === 7 ? { n, act: 'kill' } : { n } })),
    )
    await waitFor(
      async () => {
        const { completed, dead } = await queue.status()
        return completed + dead === 30
      },
      { timeoutMs: 40_000 },
    )

    const dead = await queue.dead.list()
    expect(dead).toMatchObject([
      { job: 'work', verdict: 'poison', payload: { n: 7 }, counters: { attempts: 0, crashes: 2 } },
    ])
    expect(dead[0]?.reason).toContain('killed its process 2 times')
    expect(fleet.deaths).toBe(3)
    expect(new Set(await redis.lrange(`${queue.name}:ends`, 0, -1)).size).toBe(29)
  }, 60_000)
})
