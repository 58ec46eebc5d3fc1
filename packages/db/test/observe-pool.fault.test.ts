import { SpanStatusCode } from '@opentelemetry/api'
import { type Meter, noopMeter } from '@ops/core'
import {
  createFaultProxy,
  type FaultProxy,
  recordLogs,
  recordMetrics,
  recordSpans,
  type SpanRecording,
  waitFor,
} from '@ops/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { observePool } from '../src/index.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'

let postgres: TestPostgres
let proxy: FaultProxy
let metrics: ReturnType<typeof recordMetrics>
let recording: SpanRecording
const pools: pg.Pool[] = []

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.close())

beforeEach(async () => {
  proxy = await createFaultProxy({ port: postgres.port })
  metrics = recordMetrics()
  recording = recordSpans()
})
afterEach(async () => {
  recording.stop()
  proxy.thaw()
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
  await proxy.close()
})

function createPool(config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({
    host: '127.0.0.1',
    port: proxy.port,
    user: 'postgres',
    database: 'postgres',
    max: 1,
    ...config,
  })
  pools.push(pool)
  return pool
}

const errors = (kind: string) => metrics.value('db_errors_total', { db: 'main', kind })

describe('observePool()', () => {
  test('marks the span with the SQLSTATE and nothing of the values when a statement fails', async () => {
    const pool = createPool()
    observePool(pool, { name: 'main', meter: metrics.meter })

    const failing = pool.query('select $1::int as n', ['private@example.com'])

    await expect(failing).rejects.toMatchObject({
      code: '22P02',
      message: expect.stringContaining('private@example.com'),
    })
    expect(recording.spans[0]).toMatchObject({
      ended: true,
      status: { code: SpanStatusCode.ERROR, message: '22P02' },
      attributes: { 'error.type': '22P02', 'db.response.status_code': '22P02' },
    })
    expect(JSON.stringify(recording.spans)).not.toContain('private')
    expect(errors('query')).toBe(1)
  })

  test('passes the error and ends the span when the connection is cut in the middle of a statement', async () => {
    const pool = createPool()
    observePool(pool, { name: 'main', meter: metrics.meter })
    await pool.query('select 1')

    proxy.freeze()
    const cut = pool.query('select 2')
    cut.catch(() => {})
    await waitFor(() => recording.spans.length === 2)
    proxy.cut()

    await expect(cut).rejects.toThrow()
    await waitFor(() => recording.spans.every((span) => span.ended))
    expect(recording.spans[1]?.status.code).toBe(SpanStatusCode.ERROR)
    proxy.thaw()
    expect((await pool.query('select 3 as n')).rows).toEqual([{ n: 3 }])
  })

  test('ends the span with the error when a statement times out', async () => {
    const pool = createPool({ query_timeout: 20 })
    observePool(pool, { name: 'main', meter: metrics.meter })
    const client = await pool.connect()

    proxy.freeze()
    await expect(client.query('select 1')).rejects.toThrow('Query read timeout')
    client.release(true)

    expect(recording.spans[0]).toMatchObject({ ended: true, status: { code: SpanStatusCode.ERROR, message: 'Error' } })
    expect(errors('query')).toBe(1)
  })

  test('counts it, and passes the very error, when no connection can be got', async () => {
    await proxy.refuse()
    const pool = createPool()
    observePool(pool, { name: 'main', meter: metrics.meter })

    await expect(pool.query('select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await expect(pool.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })

    expect(errors('connect')).toBe(2)
    expect(metrics.value('db_query_duration_seconds')).toBe(0)
  })

  test('counts it when the pool is exhausted', async () => {
    const pool = createPool({ connectionTimeoutMillis: 10 })
    observePool(pool, { name: 'main', meter: metrics.meter })
    const client = await pool.connect()

    await expect(pool.query('select 1')).rejects.toThrow('timeout exceeded')
    client.release()

    expect(errors('connect')).toBe(1)
  })

  test('logs and counts a lost idle connection, and leaves the pool error to the application', async () => {
    const { logger, records } = recordLogs()
    const pool = createPool()
    observePool(pool, { name: 'main', meter: metrics.meter, logger })
    const seen: unknown[] = []
    pool.on('error', (error) => seen.push(error))
    await pool.query('select 1')

    proxy.cut()
    await waitFor(() => seen.length === 1)

    expect(errors('idle')).toBe(1)
    expect(records).toMatchObject([{ level: 'warn', message: 'idle database connection lost', fields: { db: 'main' } }])
  })

  test('adds no listener that would hide a pool error from the process', () => {
    const pool = createPool()

    observePool(pool, { name: 'main' })

    expect(pool.listenerCount('error')).toBe(0)
    expect(() => pool.emit('error', new Error('idle client failed'), {} as never)).toThrow('idle client failed')
  })

  test('leaves an unhandled rejection unhandled', async () => {
    const pool = createPool()
    observePool(pool, { name: 'main', meter: metrics.meter })
    const client = await pool.connect()
    const listeners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    const unhandled = new Promise<unknown>((resolve) => process.once('unhandledRejection', resolve))

    void client.query('selec')

    await expect(unhandled).resolves.toMatchObject({ code: '42601' })
    for (const listener of listeners) process.on('unhandledRejection', listener)
    client.release()
  })

  test('passes errors thrown at once, in a null query as well', async () => {
    const pool = createPool()
    observePool(pool, { name: 'main', meter: metrics.meter })
    const client = await pool.connect()

    expect(() => client.query(null as never)).toThrow('null or undefined query')
    expect(() => client.query('select 1', [], 'no function' as never)).toThrow('callback is not a function')
    client.release()

    expect(recording.spans.every((span) => span.ended)).toBe(true)
  })

  test('ends the span of a failed pg.Query that has an error listener', async () => {
    const pool = createPool()
    observePool(pool, { name: 'main', meter: metrics.meter })
    const client = await pool.connect()
    const query = client.query(new pg.Query('selec'))

    await new Promise((resolve) => query.on('error', resolve))
    await client.query('select 1')
    client.release()

    expect(recording.spans[0]).toMatchObject({ ended: true, attributes: { 'error.type': '42601' } })
    expect(recording.spans).toHaveLength(2)
  })

  test('answers as ever and says so once when meter, clock and logger throw', async () => {
    const { logger, records } = recordLogs()
    const broken = (): never => {
      throw new Error('telemetry is down')
    }
    const meter: Meter = {
      ...noopMeter,
      instruments: (catalog) =>
        Object.fromEntries(
          Object.keys(catalog).map((key) => [
            key,
            { inc: broken, set: broken, observe: broken, bind: broken, remove: broken },
          ]),
        ) as never,
    }
    const pool = createPool()
    observePool(pool, { name: 'main', meter, logger })

    for (const n of [1, 2]) expect((await pool.query('select $1::int as n', [n])).rows).toEqual([{ n }])

    expect(records).toMatchObject([{ level: 'error', message: 'database observation failed' }])

    const silent = createPool()
    const clock = { now: broken, monotonic: broken, setTimeout: broken, setInterval: broken }
    observePool(silent, { name: 'silent', clock, logger: { ...logger, error: broken } })
    expect((await silent.query('select 3 as n')).rows).toEqual([{ n: 3 }])
  })
})
