// The long ledger: thousands of jobs, a few of them poisonous, under round after round of seeded faults on workers, connections and Redis.
// Every accepted id must end exactly once in completed or dead. node bench/queue-ledger.mjs; build first.
// JOBS, ROUNDS, SEED, MEMBERS set the size. Exits 1 when the ledger does not hold.
import { fork } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createQueue, createWorker, defineJob, permanent } from '../packages/queue/dist/index.js'
import { checkLedger } from '../packages/queue/dist/testing/index.js'
import { z } from '../packages/queue/node_modules/zod/index.js'
import { createFaultProxy, createTestRandom, startRedisServer } from '../packages/testing/dist/index.js'
import { report } from './lib/report.mjs'
import { table } from './lib/stats.mjs'

const require = createRequire(new URL('../packages/queue/package.json', import.meta.url))
const { Redis } = require('ioredis')
const { JOBS = '3000', ROUNDS = '12', SEED = '1', MEMBERS = '3' } = process.env
const CONCURRENCY = 8
const LOCK_MS = 1_000
const NAME = 'ledger'
const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms))
const connect = (port) => {
  const redis = new Redis(port, '127.0.0.1', { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: null })
  redis.on('error', () => {})
  return redis
}
const job = defineJob('j', {
  schema: z.object({ n: z.number(), ms: z.number(), act: z.string().optional() }),
  retry: { attempts: 50, baseMs: 20, capMs: 200 },
})

const ONE = 1
const ALL = Number(MEMBERS)
/** What goes wrong, and how many workers it reaches: their jobs in flight may run again. */
const faults = {
  'killed worker': { reach: ONE, strike: ({ fleet, member }) => fleet.members[member].kill('SIGKILL') },
  deploy: { reach: 0, strike: ({ fleet, member }) => fleet.members[member].kill('SIGTERM') },
  'suspended worker': {
    reach: ONE,
    async strike({ fleet, member }) {
      const child = fleet.members[member]
      child.kill('SIGSTOP')
      await sleep(3 * LOCK_MS)
      child.kill('SIGCONT')
    },
  },
  'cut of all connections': { reach: ALL, strike: ({ proxy }) => proxy.cut() },
  'killed Redis': { reach: ALL, strike: ({ server }) => server.restart() },
  'frozen Redis': {
    reach: ALL,
    async strike({ server }) {
      server.freeze()
      await sleep(2 * LOCK_MS)
      server.thaw()
    },
  },
}

if (process.env.LEDGER_WORKER) await work(...process.env.LEDGER_WORKER.split('|'))
else await main()

/** A worker. It notes starts in a file: what is under test must not carry its own proof. */
async function work(port, file) {
  const queue = createQueue(NAME, { redis: connect(Number(port)), jobs: [job] })
  const failed = new Set()
  const handler = async ({ ms, act }, run) => {
    // By the clock that all processes of the machine share, read first: what is written late did not start late.
    const at = process.hrtime.bigint()
    appendFileSync(file, `${at} ${run.id} ${run.fence}\n`)
    await sleep(ms)
    if (act === 'kill') process.kill(process.pid, 'SIGKILL')
    if (act === 'permanent') throw permanent(new Error('no such account'))
    if (act === 'flaky' && run.attempt === 1 && !failed.has(run.id)) {
      failed.add(run.id)
      throw new Error('once')
    }
  }
  const worker = createWorker(queue, { j: handler }, { concurrency: CONCURRENCY, lockMs: LOCK_MS, drainMs: 3_000 })
  process.once('SIGTERM', async () => {
    await worker.drain()
    process.exit(0)
  })
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'ops-ledger-'))
  const server = await startRedisServer({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const proxy = await createFaultProxy({ port: server.port })
  const redis = connect(server.port)
  const queue = createQueue(NAME, { redis, jobs: [job] })
  const random = createTestRandom(Number(SEED))
  const entries = Array.from({ length: Number(JOBS) }, (_, n) => ({ payload: { n, ms: ms(random), ...actOf(n) } }))
  const enqueued = (await queue.enqueueBulk(job, entries)).map(({ id }) => id)
  const watch = watchEnds(redis)
  const fleet = startFleet(proxy.port, folder)
  const at = performance.now()
  const happened = {}
  let inFlight = 0
  for (let round = 0; round < Number(ROUNDS); round++) {
    await until(() => watch.ended() >= (enqueued.length * (round + 1)) / (Number(ROUNDS) + 2), 10_000)
    const [name, fault] = Object.entries(faults)[Math.floor(random.next() * Object.keys(faults).length)]
    happened[name] = (happened[name] ?? 0) + 1
    inFlight += fault.reach * CONCURRENCY
    await fault.strike({ fleet, proxy, server, member: Math.floor(random.next() * Number(MEMBERS)) })
  }
  const settled = await until(() => watch.ended() >= enqueued.length, 120_000)
  const seconds = (performance.now() - at) / 1000
  const { waiting, active, delayed } = await queue.status()
  await fleet.stop()
  await watch.stop()
  const letters = await queue.dead.list({ limit: 100_000 })
  // A poisonous job takes its neighbours with it once; its own starts and those of a flaky one are as wanted.
  const acts = entries.map(({ payload }) => payload.act)
  const wanted = 2 * acts.filter((act) => act === 'kill').length + acts.filter((act) => act === 'flaky').length
  const allowed = inFlight + wanted + acts.filter((act) => act === 'kill').length * CONCURRENCY
  const ledger = checkLedger({
    enqueued,
    completed: [...watch.completed],
    dead: letters.map(({ id }) => id),
    starts: readStarts(folder),
    inFlightAtFaults: allowed,
  })
  const verdicts = Object.groupBy(letters, ({ payload, verdict }) => `${payload.act ?? 'innocent'}: ${verdict}`)
  const listed = (counts) =>
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')
  const row = {
    jobs: String(enqueued.length),
    seed: SEED,
    faults: listed(happened),
    'workers died': String(fleet.deaths),
    lost: String(ledger.lost.length),
    'ended twice': String(ledger.twice.length),
    'left over': String(waiting + active + delayed),
    'fences that fell': String(ledger.fences.length),
    'starts beyond the first (at most)': `${ledger.duplicates} (${allowed})`,
    dead: listed(Object.fromEntries(Object.entries(verdicts).map(([name, list]) => [name, list.length]))),
    seconds: seconds.toFixed(0),
  }
  report('queue-ledger', { markdown: table([row]), data: { row, ledger } })
  await queue.close()
  redis.disconnect()
  await proxy.close()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
  const innocentsDead = letters.filter(({ payload }) => payload.act === undefined || payload.act === 'flaky').length
  process.exit(ledger.holds && settled && innocentsDead === 0 ? 0 : 1)
}

function ms(random) {
  return 5 + Math.floor(random.next() * 30)
}

/** Of a thousand jobs one kills its process, two cannot be done, ten fail once. */
function actOf(n) {
  if (n % 1_000 === 500) return { act: 'kill' }
  if (n % 500 === 250) return { act: 'permanent' }
  return n % 100 === 50 ? { act: 'flaky' } : {}
}

async function until(condition, timeoutMs) {
  const end = performance.now() + timeoutMs
  while (performance.now() < end) {
    if (await condition()) return true
    await sleep(50)
  }
  return false
}

/** Ids that ended, gathered all along: the queue itself remembers the last thousand completed ones. */
function watchEnds(redis) {
  const completed = new Set()
  let dead = 0
  const look = async () => {
    for (const id of await redis.zrange(`{ops:${NAME}}:${NAME}:completed`, '0', '-1')) completed.add(id)
    dead = await redis.hlen(`{ops:${NAME}}:${NAME}:ops-dead`)
  }
  let stopped = false
  const looking = (async () => {
    while (!stopped) {
      await look().catch(() => {})
      await sleep(100)
    }
  })()
  const stop = async () => {
    stopped = true
    await looking
    await look()
  }
  return { completed, ended: () => completed.size + dead, stop }
}

function readStarts(folder) {
  return readdirSync(folder)
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'))
    .filter((line) => line !== '')
    .map((line) => line.split(' '))
    .sort(([a], [b]) => Number(BigInt(a) - BigInt(b)))
    .map(([, id, fence]) => ({ id, fence: Number(fence) }))
}

/** Workers that are started again whenever they end, as a platform does. */
function startFleet(port, folder) {
  const fleet = { deaths: 0, members: [] }
  let stopping = false
  const start = (member) => {
    const child = fork(fileURLToPath(import.meta.url), [], {
      env: { ...process.env, LEDGER_WORKER: `${port}|${join(folder, String(member))}` },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    fleet.members[member] = child
    child.once('exit', (code) => {
      if (stopping) return
      if (code !== 0) fleet.deaths++
      start(member)
    })
  }
  for (let member = 0; member < Number(MEMBERS); member++) start(member)
  fleet.stop = async () => {
    stopping = true
    for (const child of fleet.members) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = new Promise((ok) => child.once('exit', ok))
      child.kill('SIGKILL')
      await exited
    }
  }
  return fleet
}
