/** A worker process of the tests: does jobs, and dies of them as asked; notes every start and end of a job in Redis. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { sleep } from '@ops/core'
import { Redis } from 'ioredis'
import { createQueue, createWorker, type FairnessOptions, type JobRun, schedule } from '../src/index.ts'
import { work } from './jobs.ts'

const [url, name] = process.argv.slice(2) as [string, string]
const redis = new Redis(url, { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: null })
redis.on('error', () => {})
const suspension = process.env['SUSPEND']
const cap = Number(process.env['CAP'] ?? 0)
const fairness: { fairness?: FairnessOptions } = cap > 0 ? { fairness: { cap } } : {}
const queue = createQueue(name, {
  redis,
  ...fairness,
  jobs: [
    suspension === undefined
      ? work
      : { ...work, schema: work.schema.refine(({ act }) => passes(suspension) || act !== 'refused') },
  ],
})
/** Pattern and act of a scheduled job, with a space between. */
const [, pattern, scheduledAct] = /^(.*) (\w+)$/.exec(process.env['SCHEDULE'] ?? '') ?? []
const hoard: unknown[] = []

const ends: Record<string, () => unknown> = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  exit: () => process.exit(0),
  oom: () => {
    for (;;) hoard.push(new Array(1e6).fill(Math.random()))
  },
  loop: () => {
    for (;;);
  },
  undefined: () => {
    throw undefined
  },
  bigint: () => 1n,
  huge: () => {
    throw new Error('x'.repeat(2_000_000))
  },
}

const worker = createWorker(
  queue,
  {
    [work.name]: async ({ n, act, ms }: { n: number; act?: string; ms?: number }, job: JobRun) => {
      // By the clock of the machine: what is written late did not start late.
      const at = process.hrtime.bigint()
      await redis.rpush(`${name}:starts`, `${job.id}:${job.fence}:${process.pid}:${at}`)
      await sleep(ms ?? 20)
      const result = act === undefined ? undefined : await ends[act]?.()
      await redis.rpush(`${name}:ends`, n)
      return result
    },
  },
  {
    concurrency: Number(process.env['CONCURRENCY'] ?? 4),
    ...(process.env['LOCK_MS'] === 'default' ? {} : { lockMs: 1_000 }),
    drainMs: Number(process.env['DRAIN_MS'] ?? 3_000),
    hangMs: Number(process.env['HANG_MS'] ?? 0),
    ...(pattern === undefined
      ? {}
      : { schedules: [schedule(work, pattern, { payload: { n: 1_000, act: scheduledAct } })] }),
  },
)
process.on('SIGTERM', async () => {
  await worker.drain()
  redis.disconnect()
  process.disconnect?.()
})

worker.ready().then(
  () => process.send?.('ready'),
  () => {},
)

/** Suspends this process when it is the first to get here, which is between taking a job and starting its handler. */
function passes(file: string): boolean {
  const suspendedAt = Date.now()
  try {
    const handle = openSync(file, 'wx')
    writeSync(handle, String(process.pid))
    closeSync(handle)
  } catch {
    return true
  }
  process.kill(process.pid, 'SIGSTOP')
  // The other threads of the process may run on for a moment.
  while (Date.now() - suspendedAt < 1_500);
  return false
}
