// A poisonous job among 29 innocent ones: who dies, who is blamed, does the queue get on? Ours beside BullMQ as it can be set up.
// node bench/queue-poison.mjs [contender substring] [kind substring]; build first. NEIGHBOUR_MS (20) is how long each job takes. A dead worker is started again at once, 12 times at most.
import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { createQueue, createWorker, defineJob } from '../packages/queue/dist/index.js'
import { z } from '../packages/queue/node_modules/zod/index.js'
import { PORT, startRedis } from './lib/redis.mjs'
import { report } from './lib/report.mjs'
import { table } from './lib/stats.mjs'
import { act, KINDS } from './servers/poison-acts.mjs'

const require = createRequire(new URL('../packages/queue/package.json', import.meta.url))
const { Queue, Worker } = require('bullmq')
const { Redis } = require('ioredis')
const JOBS = 30
const POISON = 7
const CONCURRENCY = 10
const BOUND_MS = Number(process.env.BOUND_MS ?? 30_000)
const MAX_DEATHS = 12
/** The same for all: BullMQ's own 30 s would only make it slower. */
const LOCK_MS = 1_000
const connection = { host: '127.0.0.1', port: PORT }
const connect = () => new Redis(PORT, '127.0.0.1', { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: null })
const dataOf = (kind) => Array.from({ length: JOBS }, (_, n) => ({ n, ...(n === POISON && { kind }) }))

/** BullMQ with three attempts; `processor` makes what runs a job. */
const bullmq = (workerOptions, processor = () => (job) => act(job.data)) => ({
  async fill(kind) {
    const queue = new Queue('poison', { connection })
    await queue.addBulk(dataOf(kind).map((data) => ({ name: 'j', data, opts: { attempts: 3 } })))
    return {
      async ended() {
        const [completed, failed] = await Promise.all([queue.getCompleted(0, JOBS), queue.getFailed(0, JOBS)])
        const told = failed.find((job) => job.data.n === POISON)
        return {
          done: completed.map((job) => job.data.n),
          failed: failed.map((job) => job.data.n),
          verdict: told && `failed: ${String(told.failedReason).slice(0, 60)}`,
        }
      },
      close: () => queue.close(),
    }
  },
  work() {
    const options = {
      connection,
      concurrency: CONCURRENCY,
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS / 2,
      ...workerOptions,
    }
    new Worker('poison', processor(), options).on('error', () => {})
  },
})

const job = defineJob('j', {
  schema: z.object({ n: z.number(), kind: z.string().optional() }),
  retry: { attempts: 3, baseMs: 20, capMs: 100 },
})
const contenders = {
  'BullMQ, defaults': bullmq({}),
  'BullMQ, maxStalledCount 3': bullmq({ maxStalledCount: 3 }),
  'BullMQ, sandboxed processors': bullmq(
    { workerForkOptions: { execArgv: ['--max-old-space-size=64'] } },
    () => new URL('./servers/poison-acts.mjs', import.meta.url),
  ),
  '@ops/queue': {
    async fill(kind) {
      const redis = connect()
      const queue = createQueue('poison', { redis, jobs: [job] })
      const ids = await queue.enqueueBulk(
        job,
        dataOf(kind).map((payload) => ({ payload })),
      )
      return {
        async ended() {
          const done = await redis.zrange('{ops:poison}:poison:completed', '0', '-1')
          const letters = await queue.dead.list()
          const told = letters.find(({ payload }) => payload.n === POISON)
          return {
            done: done.map((id) => ids.findIndex((one) => one.id === id)),
            failed: letters.map(({ payload }) => payload.n),
            verdict: told && `${told.verdict}: ${told.reason.slice(0, 60)}`,
          }
        },
        async close() {
          await queue.close()
          redis.disconnect()
        },
      }
    },
    work() {
      const queue = createQueue('poison', { redis: connect(), jobs: [job] })
      createWorker(queue, { j: act }, { concurrency: CONCURRENCY, lockMs: LOCK_MS, hangMs: 2_000 })
    },
  },
}

if (process.env.POISON_WORKER) {
  contenders[process.env.POISON_WORKER].work()
} else {
  const [wanted = '', kind = ''] = process.argv.slice(2)
  const redis = await startRedis()
  const rows = []
  for (const name of Object.keys(contenders).filter((one) => one.includes(wanted))) {
    for (const one of KINDS.filter((each) => each.includes(kind))) {
      rows.push(await run(name, one))
      console.error(rows.at(-1))
    }
  }
  await redis.stop()
  report('queue-poison', { markdown: table(rows), data: rows, versions: ['bullmq'] })
  process.exit(0)
}

async function run(name, kind) {
  const admin = connect()
  await admin.flushall()
  const queue = await contenders[name].fill(kind)
  const at = performance.now()
  const fleet = startOne(name)
  let ended = { done: [], failed: [] }
  while (
    performance.now() - at < BOUND_MS &&
    ended.done.length + ended.failed.length < JOBS &&
    fleet.deaths < MAX_DEATHS
  ) {
    await new Promise((ok) => setTimeout(ok, 100))
    ended = await queue.ended()
  }
  const seconds = (performance.now() - at) / 1000
  await fleet.stop()
  await queue.close()
  admin.disconnect()
  const innocent = (list) => list.filter((n) => n !== POISON).length
  const poison = ended.verdict ?? (ended.done.includes(POISON) ? 'completed' : 'no end')
  return {
    contender: name,
    kind,
    deaths: String(fleet.deaths),
    'innocents failed': String(innocent(ended.failed)),
    'innocents done, of 29': String(innocent(ended.done)),
    'the poison': poison.replaceAll('|', ' ').replaceAll('\n', ' '),
    seconds: seconds.toFixed(1),
  }
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It is empty already.
  }
}

/** One worker process, started again whenever it dies. */
function startOne(name) {
  const fleet = { deaths: 0 }
  let stopping = false
  let child
  const start = () => {
    child = fork(fileURLToPath(import.meta.url), [], {
      execArgv: ['--max-old-space-size=64'],
      env: { ...process.env, POISON_WORKER: name },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // A group of its own: a sandbox that loops outlives its worker, and is ended with the group.
      detached: true,
    })
    const { pid } = child
    child.once('exit', () => {
      endGroup(pid)
      if (stopping) return
      fleet.deaths++
      if (fleet.deaths < MAX_DEATHS) start()
    })
  }
  start()
  fleet.stop = async () => {
    stopping = true
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((ok) => child.once('exit', ok))
    endGroup(child.pid)
    await exited
  }
  return fleet
}
