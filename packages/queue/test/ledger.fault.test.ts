/** The ledger: whatever happens to workers, connections and Redis, every accepted job ends exactly once in completed or dead. */
import { createFaultProxy, type RedisServer, startRedisServer, waitFor } from '@ops/testing'
import type { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import type { Queue } from '../src/index.ts'
import { checkLedger } from '../src/testing/index.ts'
import { closing, connect, connectQueue, type Fleet, readStarts, startFleet, uniqueName } from './fixture.ts'
import { work } from './jobs.ts'

const CONCURRENCY = 4

async function ownRedis(): Promise<RedisServer> {
  const server = await startRedisServer({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  closing(() => server.close())
  return server
}

async function enqueueMany(queue: Queue, count: number): Promise<string[]> {
  const entries = Array.from({ length: count }, (_, n) => ({ payload: { n, ms: 15 } }))
  return (await queue.enqueueBulk(work, entries)).map(({ id }) => id)
}

async function settled(queue: Queue, count: number): Promise<void> {
  const done = async () => {
    const { completed, dead } = await queue.status()
    return completed + dead >= count
  }
  await waitFor(done, { timeoutMs: 60_000, everyMs: 50, what: 'all jobs to end' })
}

async function readLedger(queue: Queue, redis: Redis, enqueued: readonly string[], inFlightAtFaults: number) {
  const completed = await redis.zrange(`{ops:${queue.name}}:${queue.name}:completed`, '0', '-1')
  const dead = (await queue.dead.list({ limit: 10_000 })).map(({ id }) => id)
  const starts = await readStarts(redis, queue)
  return checkLedger({ enqueued, completed, dead, starts, inFlightAtFaults })
}

/** Runs `faults` one after the other while `count` jobs are worked off; each begins when the next share of them is done. */
async function underFaults(
  { count, members, url, workerUrl = url }: { count: number; members: number; url: string; workerUrl?: string },
  faults: readonly ((fleet: Fleet) => unknown)[],
) {
  const redis = await connect(url)
  const queue = await connectQueue([work], { redis, name: uniqueName() })
  const fleet = startFleet(queue.name, { members, url: workerUrl, env: { CONCURRENCY: String(CONCURRENCY) } })
  const atWork = { timeoutMs: 30_000, everyMs: 20, what: 'all workers to take jobs' }
  await waitFor(() => fleet.ready, atWork)
  const ids = await enqueueMany(queue, count)
  for (const [i, fault] of faults.entries()) {
    const share = (count * (i + 1)) / (faults.length + 2)
    await waitFor(async () => (await queue.status()).completed >= share, { timeoutMs: 30_000 })
    await waitFor(() => fleet.ready, atWork)
    await fault(fleet)
  }
  await settled(queue, count)
  return { queue, redis, fleet, ledger: await readLedger(queue, redis, ids, faults.length * members * CONCURRENCY) }
}

describe('the ledger', () => {
  test('holds when workers are killed again and again', async () => {
    const server = await ownRedis()
    const kill = (member: number) => (fleet: Fleet) => fleet.child(member).kill('SIGKILL')

    const { ledger, fleet, queue } = await underFaults(
      { count: 800, members: 2, url: server.url },
      [0, 1, 0, 1].map(kill),
    )

    expect(ledger).toMatchObject({ holds: true, lost: [], twice: [], fences: [] })
    expect(fleet.deaths).toBe(4)
    expect((await queue.status()).dead).toBe(0)
  }, 120_000)

  test('holds when a worker is suspended past its locks', async () => {
    const server = await ownRedis()
    const suspects = await connect(server.url)
    const suspend = async (fleet: Fleet) => {
      const child = fleet.child(0)
      child.kill('SIGSTOP')
      const taken = async () => (await suspects.keys('*:ops-suspects')).length > 0
      await waitFor(taken, { timeoutMs: 10_000, everyMs: 50, what: 'its jobs to be taken by the other' })
      child.kill('SIGCONT')
    }

    const { ledger, queue } = await underFaults({ count: 900, members: 2, url: server.url }, [suspend])

    expect(ledger).toMatchObject({ lost: [], twice: [], fences: [] })
    expect((await queue.status()).dead).toBe(0)
  }, 120_000)

  test('holds when Redis is killed and comes back with its append-only file', async () => {
    const server = await ownRedis()
    const restart = async () => {
      await server.kill()
      await server.start()
    }

    const { ledger, queue } = await underFaults({ count: 600, members: 2, url: server.url }, [restart, restart])

    expect(ledger).toMatchObject({ lost: [], twice: [] })
    expect((await queue.status()).dead).toBe(0)
  }, 120_000)

  test('holds when connections are cut', async () => {
    const server = await ownRedis()
    const proxy = await createFaultProxy({ port: server.port })
    closing(() => proxy.close())
    const workerUrl = `redis://127.0.0.1:${proxy.port}`
    const cut = () => proxy.cut()

    const { ledger, queue } = await underFaults({ count: 600, members: 2, url: server.url, workerUrl }, [cut, cut, cut])

    expect(ledger).toMatchObject({ lost: [], twice: [] })
    expect((await queue.status()).dead).toBe(0)
  }, 120_000)

  test('holds under clean deploys of busy workers, which charge nothing and repeat nothing', async () => {
    const server = await ownRedis()
    const deploy = (member: number) => (fleet: Fleet) => fleet.child(member).kill('SIGTERM')

    const { ledger, fleet, queue } = await underFaults(
      { count: 800, members: 2, url: server.url },
      [0, 1, 0, 1].map(deploy),
    )

    expect(ledger).toMatchObject({ holds: true, duplicates: 0 })
    expect(new Set(fleet.codes)).toEqual(new Set([0]))
    expect(await queue.status()).toMatchObject({ completed: 800, dead: 0 })
  }, 120_000)
})
