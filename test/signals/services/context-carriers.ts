/**
 * Everything that carries work from one turn of the event loop to a later one. Each carrier runs for several units at once; the
 * process prints, as JSON, which of them found their own unit where the work went on. Prints `{}` of failures when all hold.
 */

import { AsyncResource } from 'node:async_hooks'
import { exec } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { lookup } from 'node:dns'
import { EventEmitter, on, once } from 'node:events'
import { readFile } from 'node:fs'
import { readFile as readFileAsync } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { PassThrough, pipeline, Readable, Transform } from 'node:stream'
import { pipeline as pipelineAsync } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { gzip } from 'node:zlib'
import { context as otel, trace } from '@opentelemetry/api'
import { createContext, currentContext, registerContextManager, runInContext, type WorkContext } from '@ops/core'
import { observePool } from '@ops/db'
import { Worker as JobWorker, Queue } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'

type Check = () => void
/** Calls `check` wherever the work goes on; resolves when it is done. */
type Carrier = (check: Check) => Promise<unknown> | unknown

const UNITS = 5
const { DATABASE_URL = '', REDIS_URL = '', QUEUE = 'context' } = process.env
registerContextManager()

const called = (start: (done: () => void) => unknown, check: Check): Promise<void> =>
  new Promise((resolve) => {
    start(() => {
      check()
      resolve()
    })
  })

const passing = (check: Check) =>
  new TransformStream({
    transform(chunk, to) {
      check()
      to.enqueue(chunk)
    },
  })

const timers: Record<string, Carrier> = {
  setTimeout: (check) => called((done) => setTimeout(done, 1), check),
  setImmediate: (check) => called((done) => setImmediate(done), check),
  setInterval: (check) =>
    called((done) => {
      const timer = setInterval(() => {
        clearInterval(timer)
        done()
      }, 1)
    }, check),
  'process.nextTick': (check) => called((done) => process.nextTick(done), check),
  queueMicrotask: (check) => called((done) => queueMicrotask(done), check),
  'timers/promises': (check) => wait(1).then(check),
}

const promises: Record<string, Carrier> = {
  await: async (check) => {
    await null
    check()
  },
  'promise settled by another unit': async (check) => {
    await shared.promise
    check()
  },
  'async generator': async (check) => {
    const numbers = (async function* () {
      yield 1
      check()
      yield 2
    })()
    for await (const _ of numbers) check()
  },
  'promisified callback': (check) => promisify(gzip)('x').then(check),
}

const node: Record<string, Carrier> = {
  'fs callback': (check) => called((done) => readFile(import.meta.filename, done), check),
  'fs promise': (check) => readFileAsync(import.meta.filename).then(check),
  dns: (check) => called((done) => lookup('localhost', done), check),
  crypto: (check) => called((done) => pbkdf2('a', 'b', 1, 8, 'sha256', done), check),
  zlib: (check) => called((done) => gzip('x', done), check),
  'child process': (check) => called((done) => exec('true', done), check),
  'worker message': async (check) => {
    const worker = new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true })
    await called((done) => worker.once('message', done), check)
    await worker.terminate()
  },
}

const streams: Record<string, Carrier> = {
  readable: (check) => called((done) => Readable.from(['a']).on('data', check).on('end', done), check),
  transform: (check) => {
    const upper = new Transform({
      transform(chunk, _, done) {
        check()
        setImmediate(done, null, chunk)
      },
    })
    return pipelineAsync(Readable.from(['a', 'b']), upper, new PassThrough().resume()).then(check)
  },
  'pipeline callback': (check) =>
    called((done) => pipeline(Readable.from(['a']), new PassThrough().resume(), done), check),
  'async iteration': async (check) => {
    for await (const _ of Readable.from(['a', 'b'])) check()
  },
  'web stream': async (check) => {
    const doubled = new Blob(['a']).stream().pipeThrough(passing(check))
    for await (const _ of doubled) check()
  },
}

const emitters: Record<string, Carrier> = {
  'emitter, emitted by the unit': (check) => {
    const emitter = new EventEmitter().on('event', check)
    return called((done) => setImmediate(() => emitter.emit('event') && done()), check)
  },
  'emitter bound to the unit, emitted by nobody': (check) => {
    const emitter = otel.bind(otel.active(), new EventEmitter())
    return called((done) => {
      emitter.on('event', done)
      outside(() => emitter.emit('event'))
    }, check)
  },
  'function bound by AsyncResource': (check) =>
    called((done) => {
      const bound = AsyncResource.bind(done)
      outside(bound)
    }, check),
  'events.once': (check) => {
    const emitter = new EventEmitter()
    outside(() => emitter.emit('event'))
    return once(emitter, 'event').then(check)
  },
  'events.on': async (check) => {
    const emitter = new EventEmitter()
    outside(() => emitter.emit('event'))
    for await (const _ of on(emitter, 'event')) return check()
  },
  'event target': (check) => {
    const target = new EventTarget()
    target.addEventListener('event', check)
    return called((done) => setImmediate(() => target.dispatchEvent(new Event('event')) && done()), check)
  },
}

const network: Record<string, Carrier> = {
  'http.get': (check) => called((done) => get(origin, (response) => response.on('data', check).on('end', done)), check),
  'fetch (undici)': async (check) => {
    const response = await fetch(origin)
    check()
    await response.text()
    check()
  },
  'net socket': (check) =>
    called((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        check()
        socket.end(done)
      })
    }, check),
}

const clients: Record<string, Carrier> = {
  'pg, a pool of one that units wait for': async (check) => {
    const { rows } = await pool.query('select 1 as one')
    check()
    if (rows[0].one !== 1) throw new Error('no row')
  },
  'pg, callback': (check) => called((done) => pool.query('select 1', done), check),
  'pg, a transaction on one client': async (check) => {
    const client = await pool.connect()
    check()
    await client.query('begin')
    check()
    await client.query('commit')
    client.release()
    check()
  },
  'a pool of our own that resolves waiters': async (check) => {
    const give = await slot()
    check()
    await wait(1)
    give()
    check()
  },
  ioredis: async (check) => {
    await redis.set(`${QUEUE}:key`, '1')
    check()
    await redis.pipeline().get(`${QUEUE}:key`).exec()
    check()
  },
  'ioredis, callback': (check) => called((done) => redis.get(`${QUEUE}:key`, done), check),
  'ioredis, queued while it connects': async (check) => {
    const late = new Redis(REDIS_URL)
    await late.ping()
    check()
    late.disconnect()
  },
  'bullmq, enqueued': async (check) => {
    await queue.add('job', {})
    check()
  },
}

/** Runs what belongs to no unit. */
function outside(run: () => void): void {
  idle.push(run)
}
const idle: (() => void)[] = []
setInterval(() => {
  for (const run of idle.splice(0)) run()
}, 1).unref()

const shared = Promise.withResolvers<void>()
setTimeout(() => shared.resolve(), 5)

/** A pool as applications write them: who waits is resolved by whoever gives back. */
const waiting: ((give: () => void) => void)[] = []
let taken = false
function slot(): Promise<() => void> {
  const give = () => {
    const next = waiting.shift()
    if (next === undefined) taken = false
    else next(give)
  }
  if (taken) return new Promise((resolve) => waiting.push(resolve))
  taken = true
  return Promise.resolve(give)
}

const server = createServer((_, response) => response.end('answer')).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const origin = `http://127.0.0.1:${port}`
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1 })
// Alone, pg runs the callbacks of queued statements in the context of whoever gave the connection back.
observePool(pool, { name: 'context' })
const redis = new Redis(REDIS_URL)
const queue = new Queue(QUEUE, { connection: { url: REDIS_URL } })

const carriers: Record<string, Carrier> = {
  ...timers,
  ...promises,
  ...node,
  ...streams,
  ...emitters,
  ...network,
  ...clients,
}
const failures: Record<string, string> = {}
for (const [name, carrier] of Object.entries(carriers)) {
  await Promise.all(Array.from({ length: UNITS }, (_, i) => runUnit(name, carrier, i))).catch((error: unknown) => {
    failures[name] = String(error)
  })
}

async function runUnit(name: string, carrier: Carrier, i: number): Promise<void> {
  const span = trace.wrapSpanContext({
    traceId: `${i + 1}`.padStart(32, 'a'),
    spanId: `${i + 1}`.padStart(16, 'b'),
    traceFlags: 1,
  })
  const unit = trace.setSpan(createContext({ tenant: `tenant-${i}` }), span) as WorkContext
  let checked = 0
  await runInContext(unit, () =>
    carrier(() => {
      checked++
      const found = currentContext()
      if (found !== unit || trace.getActiveSpan() !== span)
        failures[name] = `found ${found?.tenant}, expected tenant-${i}`
    }),
  )
  if (checked === 0) failures[name] ??= 'was never checked'
}

// A job's unit is its own, whoever enqueued it.
const jobs = new JobWorker(QUEUE, async () => currentContext()?.tenant ?? 'none', { connection: { url: REDIS_URL } })
const [, outcome] = (await once(jobs, 'completed')) as [unknown, string]
if (outcome !== 'none') failures['bullmq, worked off'] = `found ${outcome}, expected none`
if (currentContext() !== undefined) failures['the end'] = 'a unit leaked'

await jobs.close()
await queue.obliterate({ force: true })
await Promise.all([queue.close(), pool.end(), redis.del(`${QUEUE}:key`).then(() => redis.quit())])
server.closeAllConnections()
server.close()
process.stdout.write(JSON.stringify({ node: process.versions.node, carriers: Object.keys(carriers).length, failures }))
