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

/** Starts measuring; its answer ends it. */
function begin() {
  const cpu = process.cpuUsage()
  const at = performance.now()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { wall: performance.now() - at, cpu: (user + system) / 1000 }
  }
}

async function measure(work) {
  const end = begin()
  await work()
  return end()
}

/** Works off `total` jobs. The worker's start, up to its first job, is told apart from the work. */
async function workOff(q, total, onEach) {
  let count = 0
  let working
  const starting = begin()
  let start
  let stop
  const work = await new Promise((resolve, reject) => {
    const handler = async () => {
      if (count === 0) {
        start = starting()
        working = begin()
      }
      onEach()
      if (++count === total) resolve(working())
    }
    q.work(handler).then((how) => {
      stop = how
    }, reject)
  })
  return { start, stop, work: { wall: (work.wall / total) * JOBS, cpu: (work.cpu / total) * JOBS } }
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
  let onStart = () => {}
  const total = Math.ceil(JOBS / PARALLEL) * PARALLEL + Math.ceil(JOBS / 500) * 500
  const { start, stop, work } = await workOff(q, total, () => onStart())
  Object.assign(figures, { work, ready: start })
  const waits = async (gapMs) => {
    const found = []
    for (let i = 0; i < 150; i++) {
      const at = performance.now()
      const started = new Promise((resolve) => {
        onStart = resolve
      })
      await q.one()
      await started
      found.push(performance.now() - at)
      if (gapMs > 0) await new Promise((ok) => setTimeout(ok, gapMs))
    }
    return { wall: median(found), cpu: 0 }
  }
  figures.start = await waits(2)
  figures.behind = await waits(0)
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
for (const [what, title, budget] of [
  ['start', 'add to start on an idle worker, p50', '<= 1.15'],
  ['behind', 'add to start right behind another, p50', 'none'],
  ['ready', 'start of a worker to its first job', 'none'],
]) {
  const [a, b] = ['raw', 'ours'].map((who) => mid(who, what, 'wall'))
  console.log(`| ${title} | ${a.toFixed(2)} ms | ${b.toFixed(2)} ms | ${(b / a).toFixed(2)} | – | ${budget} |`)
}
