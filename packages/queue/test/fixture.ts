/** Queues and workers on the run's shared Redis, each under a name of its own, closed after each test. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createContext, createSpanId, runInContext } from '@ops/core'
import { Redis } from 'ioredis'
import { afterEach, inject } from 'vitest'
import {
  createQueue,
  createWorker,
  type Handlers,
  type Queue,
  type QueueOptions,
  type Worker,
  type WorkerOptions,
} from '../src/index.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** Closes after the test, last first. */
export function closing(close: () => unknown): void {
  open.push(close)
}

/** A connected client that never waits, as an application's. */
export async function connect(url: string = inject('redisUrl')): Promise<Redis> {
  const redis = new Redis(url, {
    protocol: 2,
    replyMapping: 'legacy',
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
    disconnectTimeout: 100,
  })
  redis.on('error', () => {})
  closing(async () => {
    if (redis.status === 'end') return
    const ended = new Promise((resolve) => redis.once('end', resolve))
    redis.disconnect()
    await ended
  })
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve))
  return redis
}

/** A queue on a client of its own. */
export async function connectQueue(
  jobs: QueueOptions['jobs'],
  { name = uniqueName(), ...options }: Partial<QueueOptions> & { readonly name?: string } = {},
): Promise<Queue> {
  const queue = createQueue(name, { redis: options.redis ?? (await connect()), ...options, jobs })
  closing(() => queue.close())
  return queue
}

/** A worker that takes jobs. */
export async function startWorker(queue: Queue, handlers: Handlers, options: WorkerOptions = {}): Promise<Worker> {
  const worker = createWorker(queue, handlers, { lockMs: 1_000, ...options })
  closing(() => worker.close())
  await worker.ready()
  return worker
}

/** A name no other test uses. */
export function uniqueName(): string {
  return `t${createSpanId()}`
}

/** Runs `work` for `tenant`. */
export function asTenant<T>(tenant: string, work: () => T): T {
  return runInContext(createContext({ tenant }), work)
}

/** One start of a handler, as worker-process.ts noted it. */
export interface Start {
  readonly id: string
  readonly fence: number
  readonly pid: number
}

/** The starts in a fleet on `queue`, in the order in which they happened. */
export async function readStarts(redis: Redis, queue: Queue): Promise<Start[]> {
  const starts = (await redis.lrange(`${queue.name}:starts`, 0, -1)).map((line) => {
    // Ids of scheduled runs have colons of their own.
    const [at = '0', pid, fence, ...id] = line.split(':').reverse()
    return { id: id.reverse().join(':'), fence: Number(fence), pid: Number(pid), at: BigInt(at) }
  })
  return starts.sort((a, b) => Number(a.at - b.at)).map(({ id, fence, pid }) => ({ id, fence, pid }))
}

/** A worker process that is started again whenever it dies, as a platform does; `deaths` counts. */
export interface Fleet {
  readonly deaths: number
  readonly codes: readonly (number | string)[]
  readonly pids: readonly number[]
  /** True while every member takes jobs. */
  readonly ready: boolean
  /** The process of one member now. */
  child(member: number): ChildProcess
}

/** How a fleet is started. */
export interface FleetOptions {
  readonly members?: number
  readonly url?: string
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

/** Starts `members` processes of test/worker-process.ts on `queue`. */
export function startFleet(
  queue: string,
  { members = 1, url = inject('redisUrl'), env = {}, args = [] }: FleetOptions = {},
): Fleet {
  const children: ChildProcess[] = []
  const taking = new Set<ChildProcess>()
  const fleet = {
    get ready() {
      return children.every((child) => taking.has(child))
    },
    deaths: 0,
    codes: [] as (number | string)[],
    pids: [] as number[],
    child: (member: number) => children[member] as ChildProcess,
  }
  let closed = false
  const start = (member: number): void => {
    const child = fork(new URL('./worker-process.ts', import.meta.url), [url, queue], {
      execArgv: ['--conditions=@ops/source', ...args],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    children[member] = child
    if (child.pid !== undefined) fleet.pids.push(child.pid)
    child.once('message', () => taking.add(child))
    child.once('exit', (code, signal) => {
      if (closed) return
      fleet.deaths++
      fleet.codes.push(signal ?? code ?? -1)
      start(member)
    })
  }
  for (let member = 0; member < members; member++) start(member)
  closing(async () => {
    closed = true
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      }),
    )
  })
  return fleet
}
