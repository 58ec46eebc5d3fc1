// @ops/queue beside raw BullMQ on one Redis, in turns: enqueue one by one, enqueue in bulk, work off, add-to-start.
// Both keep the last 1,000 completed jobs for a day; 20 jobs at once; handlers do nothing. Build first; JOBS and ROUNDS set the size.
import { createRequire } from 'node:module'
import { createQueue, createWorker, defineJob } from '../packages/queue/dist/index.js'
import { z } from '../packages/queue/node_modules/zod/index.js'
import { PORT, startRedis } from './lib/redis.mjs'
import { median } from './lib/stats.mjs'

const require = createRequire(new URL('../packages/queue/package.json', import.meta.url))
const { Queue, Worker } = require('bullmq')
const { Redis } = require('ioredis')

const JOBS = Number(process.env.JOBS ?? 2000)
const ROUNDS = Number(process.env.ROUNDS ?? 7)
const PARALLEL = 50
const CONCURRENCY = 20
const keep = { removeOnComplete: { age: 86_400, count: 1_000 } }
const connect = () => new Redis(PORT, '127.0.0.1', { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: null })
const payload = { id: 'inv_0123456789', cents: 4200 }
const job = defineJob('invoice.send', { schema: z.object({ id: z.string(), cents: z.number() }) })

async function raw(redis, name) {
  const queue = new Queue(name, {
    connection: redis,
    defaultJobOptions: { attempts: 5, backoff: { type: 'exponential', delay: 1000 }, ...keep },
  })
  await queue.waitUntilReady()
  return {
    one: () => queue.add('invoice.send', payload),
    bulk: (n) => queue.addBulk(Array.from({ length: n }, () => ({ name: 'invoice.send', data: payload }))),
    work: async (fn) => {
      const own = connect()
      const worker = new Worker(name, fn, { connection: own, concurrency: CONCURRENCY })
      return async () => {
        await worker.close()
        own.disconnect()
      }
    },
    close: async () => {
      await queue.obliterate({ force: true })
      await queue.close()
    },
  }
}

async function ours(redis, name) {
  const queue = createQueue(name, { redis, jobs: [job] })
  await queue.status()
  return {
    one: () => queue.enqueue(job, payload),
    bulk: (n) =>
      queue.enqueueBulk(
        job,
        Array.from({ length: n }, () => ({ payload })),
      ),
    work: async (fn) => {
      const worker = createWorker(queue, { [job.name]: fn }, { concurrency: CONCURRENCY })
      await worker.ready()
      return () => worker.drain()
    },
    close: () => queue.close(),
  }
}

async function measure(work) {
  const cpu = process.cpuUsage()
  const at = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { wall: performance.now() - at, cpu: (user + system) / 1000 }
}

async function round(make, redis, name) {
  const q = await make(redis, name)
  const figures = {}
  figures.enqueue = await measure(async () => {
    for (let i = 0; i < JOBS; i += PARALLEL) await Promise.all(Array.from({ length: PARALLEL }, () => q.one()))
  })
  figures.bulk = await measure(async () => {
    for (let i = 0; i < JOBS; i += 500) await q.bulk(500)
  })
  const total = JOBS + Math.ceil(JOBS / 500) * 500
  let count = 0
  let onDone
  let onStart = () => {}
  let stop
  figures.work = await measure(async () => {
    const done = new Promise((resolve) => {
      onDone = resolve
    })
    stop = await q.work(async () => {
      onStart()
      if (++count === total) onDone()
    })
    await done
  })
  figures.work = { wall: (figures.work.wall / total) * JOBS, cpu: (figures.work.cpu / total) * JOBS }
  const waits = []
  for (let i = 0; i < 100; i++) {
    const at = performance.now()
    const started = new Promise((resolve) => {
      onStart = resolve
    })
    await q.one()
    await started
    waits.push(performance.now() - at)
  }
  figures.start = { wall: median(waits), cpu: 0 }
  await stop()
  await q.close()
  return figures
}

const { stop } = await startRedis()
const redis = connect()
const all = { raw: [], ours: [] }
const makers = { raw, ours }
for (let r = 0; r < ROUNDS + 1; r++) {
  for (const who of r % 2 === 0 ? ['raw', 'ours'] : ['ours', 'raw']) {
    const figures = await round(makers[who], redis, `${who}${r}`)
    if (r > 0) all[who].push(figures)
  }
}
redis.disconnect()
await stop()

const mid = (who, what, unit) => median(all[who].map((f) => f[what][unit]))
console.log('| what | raw BullMQ | @ops/queue | ratio | CPU per job, ratio | budget |')
console.log('|---|---|---|---|---|---|')
const rates = [
  ['enqueue', 'enqueue, 50 at once', '>= 0.85'],
  ['bulk', 'enqueue in bulk of 500', '>= 0.90'],
  ['work', 'worked off', '>= 0.90, CPU <= 1.15'],
]
for (const [what, title, budget] of rates) {
  const [a, b] = ['raw', 'ours'].map((who) => (JOBS / mid(who, what, 'wall')) * 1000)
  const cpu = mid('ours', what, 'cpu') / mid('raw', what, 'cpu')
  console.log(
    `| ${title} | ${a.toFixed(0)}/s | ${b.toFixed(0)}/s | ${(b / a).toFixed(2)} | ${cpu.toFixed(2)} | ${budget} |`,
  )
}
const [a, b] = ['raw', 'ours'].map((who) => mid(who, 'start', 'wall'))
console.log(`| add to start, p50 | ${a.toFixed(2)} ms | ${b.toFixed(2)} ms | ${(b / a).toFixed(2)} | – | <= 1.15 |`)
