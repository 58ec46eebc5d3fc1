/** Queue, worker, dead letters, schedules and commands on a real Redis Cluster of three masters that the suite starts itself. */
import { type RedisCluster, startRedisCluster, waitFor } from '@ops/testing'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { runQueueCommand } from '../src/commands/index.ts'
import { defineJob, type JobRun, type Queue, schedule } from '../src/index.ts'
import { closing, connectQueue, startWorker, uniqueName } from './fixture.ts'

const job = defineJob('job', { schema: z.object({ n: z.number() }), retry: { attempts: 2, baseMs: 1, capMs: 5 } })
let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(() => cluster.close())

async function connectCluster(): Promise<Cluster> {
  const redisOptions = { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: 0 } as const
  const client = new Cluster([...cluster.addresses], {
    enableOfflineQueue: false,
    slotsRefreshTimeout: 5_000,
    redisOptions,
  })
  client.on('error', () => {})
  closing(async () => {
    const ended = new Promise((resolve) => client.once('end', resolve))
    client.disconnect()
    await ended
  })
  await new Promise((resolve) => client.once('ready', resolve))
  return client
}

/** At least `count` queues, and one on each master: names fall into slots by chance. */
async function connectQueues(count: number): Promise<Queue[]> {
  const redis = await connectCluster()
  const names: string[] = []
  const masters = new Set<number | undefined>()
  while (names.length < count || (count > 1 && masters.size < cluster.nodes.length)) {
    const name = uniqueName()
    names.push(name)
    masters.add((await owner(redis, `{ops:${name}}`))?.port)
  }
  return Promise.all(names.map((name) => connectQueue([job], { redis, name })))
}

test('queues on every master run, retry, bury and redrive their jobs', async () => {
  const queues = await connectQueues(8)
  const state = { broken: true }
  const handler = async ({ n }: { n: number }, run: JobRun) => {
    await run.once('effect', () => n)
    if (state.broken && n % 2 === 1) throw new Error('down')
  }
  for (const queue of queues) await startWorker(queue, { job: handler })

  const entries = Array.from({ length: 20 }, (_, n) => ({ payload: { n } }))
  await Promise.all(queues.map((queue) => queue.enqueueBulk(job, entries)))
  const total = async (of: 'completed' | 'dead') =>
    (await Promise.all(queues.map((queue) => queue.status()))).reduce((sum, status) => sum + status[of], 0)
  await waitFor(
    async () => (await total('completed')) === queues.length * 10 && (await total('dead')) === queues.length * 10,
    { timeoutMs: 15_000 },
  )
  state.broken = false
  for (const queue of queues) await queue.dead.redrive({}, { ratePerSecond: 10_000 })
  await waitFor(async () => (await total('completed')) === queues.length * 20, { timeoutMs: 15_000 })

  expect(await total('dead')).toBe(0)
  const masters = await Promise.all(
    cluster.nodes.map(async ({ port }) => {
      const [node] = (await connectCluster()).nodes('master').filter(({ options }) => options.port === port)
      return node?.dbsize()
    }),
  )
  expect(masters.every((keys) => (keys ?? 0) > 0)).toBe(true)
})

test('schedules tick and keys are known on a Cluster', async () => {
  const [queue] = (await connectQueues(1)) as [Queue]
  const runs: (number | undefined)[] = []
  await startWorker(
    queue,
    { job: (_: unknown, { dueAt }: JobRun) => void runs.push(dueAt) },
    { schedules: [schedule(job, '* * * * * *', { payload: { n: 1 } })] },
  )

  const first = await queue.enqueue(job, { n: 1 }, { key: 'k' })
  const second = await queue.enqueue(job, { n: 1 }, { key: 'k' })
  await waitFor(() => runs.filter((at) => at !== undefined).length >= 2, { timeoutMs: 10_000 })

  expect(second).toEqual({ id: first.id, deduplicated: true })
})

test('the commands find queues on every master', async () => {
  const queues = await connectQueues(8)
  for (const queue of queues) await queue.enqueue(job, { n: 1 })
  const redis = cluster.nodes.map(({ url }) => url).join(',')
  let out = ''

  const code = await runQueueCommand(['status', '--json', '--redis', redis], {
    out: (text) => void (out += text),
    err: () => {},
    paint: (_, text) => text,
  })

  const found = (JSON.parse(out) as { queues: { queue: string; waiting: number }[] }).queues
  expect(code).toBe(0)
  for (const { name } of queues) expect(found).toContainEqual(expect.objectContaining({ queue: name, waiting: 1 }))
})

test('a job that was running when the master of its queue froze past its lock runs to its end once it answers again', async () => {
  const [queue] = (await connectQueues(1)) as [Queue]
  const redis = await connectCluster()
  const { port } = (await owner(redis, `{ops:${queue.name}}`)) as { port: number }
  const master = cluster.nodes.find((node) => node.port === port)
  let finish = () => {}
  const fences: number[] = []
  await startWorker(
    queue,
    {
      job: ({ n }: { n: number }, { fence }: JobRun) => {
        if (n === 1) fences.push(fence)
        return n === 1 && fences.length === 1 ? new Promise<void>((resolve) => (finish = resolve)) : undefined
      },
    },
    { lockMs: 1_000 },
  )
  await queue.enqueue(job, { n: 1 })
  await waitFor(() => fences.length === 1)

  master?.freeze()
  finish()
  // Five times as long as the lock holds.
  const refused = await queue.enqueue(job, { n: 2 }).catch(({ code }) => code)
  master?.thaw()
  const ended = async () => {
    const { completed, active, waiting } = await queue.status()
    return completed >= 1 && active + waiting === 0
  }
  await waitFor(ended, { timeoutMs: 20_000 })

  expect(refused).toBe('OPS_QUEUE_UNAVAILABLE')
  expect(fences).toEqual([1, 2].slice(0, fences.length))
  expect((await queue.status()).dead).toBe(0)
}, 60_000)

/** The master that holds a key. */
async function owner(redis: Cluster, key: string): Promise<{ port: number } | undefined> {
  const slot = Number(await redis.cluster('KEYSLOT', key))
  for (const [from, to, [, port]] of (await redis.cluster('SLOTS')) as unknown as [
    number,
    number,
    [string, number],
  ][]) {
    if (slot >= Number(from) && slot <= Number(to)) return { port: Number(port) }
  }
  return undefined
}
