// A flood of 5,000 jobs, a tenant of weight 2, and a late tenant with 20 jobs: how many jobs start before the late one's last? Counted,
// not timed. @ops/queue with fairness beside plain BullMQ, in which everybody stands in one line. node bench/queue-flood.mjs; build first.
import { createRequire } from 'node:module'
import { createContext, runInContext } from '../packages/core/dist/index.js'
import { createQueue, createWorker, defineJob } from '../packages/queue/dist/index.js'
import { z } from '../packages/queue/node_modules/zod/index.js'
import { PORT, startRedis } from './lib/redis.mjs'
import { report } from './lib/report.mjs'
import { table } from './lib/stats.mjs'

const require = createRequire(new URL('../packages/queue/package.json', import.meta.url))
const { Queue, Worker } = require('bullmq')
const { Redis } = require('ioredis')

const FLOOD = 5_000
const DOUBLE = 1_000
const LATE = 20
const LATE_COMES_AFTER = 300
const TENANTS = 3
const connect = () => new Redis(PORT, '127.0.0.1', { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: null })
const list = (count, make) => Array.from({ length: count }, (_, n) => make(n))
const job = defineJob('j', { schema: z.object({ n: z.number() }) })

const contenders = {
  'BullMQ, first come first served': async (redis, concurrency) => {
    const queue = new Queue('flood', { connection: redis })
    const own = connect()
    return {
      fill: (tenant, count) => queue.addBulk(list(count, (n) => ({ name: 'j', data: { n, tenant } }))),
      async work(onStart) {
        const worker = new Worker('flood', async ({ data }) => onStart(data.tenant), { connection: own, concurrency })
        return async () => {
          await worker.close(true)
          own.disconnect()
          await queue.close()
        }
      },
    }
  },
  '@ops/queue, fairness': async (redis, concurrency) => {
    const fairness = { weight: (tenant) => (tenant === 'double' ? 2 : 1) }
    const queue = createQueue('flood', { redis, jobs: [job], fairness })
    return {
      fill: (tenant, count) =>
        runInContext(createContext({ tenant }), () =>
          queue.enqueueBulk(
            job,
            list(count, (n) => ({ payload: { n } })),
          ),
        ),
      async work(onStart) {
        const worker = createWorker(queue, { j: (_, { tenant }) => onStart(tenant) }, { concurrency })
        await worker.ready()
        return async () => {
          await worker.close()
          await queue.close()
        }
      },
    }
  },
}

async function flood(name, concurrency) {
  const redis = connect()
  await redis.flushall()
  const queue = await contenders[name](redis, concurrency)
  await queue.fill('flood', FLOOD)
  await queue.fill('double', DOUBLE)
  const starts = []
  let cameAfter = 0
  const end = await new Promise((resolve, reject) => {
    let stop
    const onStart = (tenant) => {
      starts.push(tenant)
      if (starts.length === LATE_COMES_AFTER)
        queue.fill('late', LATE).then(() => {
          cameAfter = starts.length
        }, reject)
      if (starts.length === FLOOD + DOUBLE + LATE) resolve(stop)
    }
    queue.work(onStart).then((how) => {
      stop = how
    }, reject)
  })
  await end()
  redis.disconnect()
  const beforeLate = starts.slice(0, LATE_COMES_AFTER)
  return {
    contender: name,
    'at once': String(concurrency),
    'of the first 300, flood : weight 2': ['flood', 'double']
      .map((one) => beforeLate.filter((x) => x === one).length)
      .join(' : '),
    'starts from the arrival of the late tenant to its last': String(starts.lastIndexOf('late') + 1 - cameAfter),
    bound: String(2 * LATE * TENANTS),
  }
}

const server = await startRedis()
const rows = []
for (const concurrency of [1, 20]) for (const name of Object.keys(contenders)) rows.push(await flood(name, concurrency))
await server.stop()
report('queue-flood', { markdown: table(rows), data: rows, versions: ['bullmq'] })
process.exit(0)
