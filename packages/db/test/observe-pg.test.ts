import { AsyncLocalStorage } from 'node:async_hooks'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { createContext, currentContext, runInContext } from '@ops/core'
import { createTestClock, recordMetrics, recordSpans, type SpanRecording } from '@ops/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { observePool, type PoolObservation } from '../src/index.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'

let postgres: TestPostgres
let pool: pg.Pool
let metrics: ReturnType<typeof recordMetrics>
let recording: SpanRecording
let observation: PoolObservation

beforeAll(async () => {
  postgres = await startPostgres()
  const setup = new pg.Client({ host: '127.0.0.1', port: postgres.port, user: 'postgres', database: 'postgres' })
  await setup.connect()
  await setup.query('create table accounts (id int primary key, email text not null)')
  await setup.query("insert into accounts select n, 'user' || n from generate_series(1, 5) n")
  await setup.end()
})
afterAll(() => postgres.close())

beforeEach(() => {
  pool = new pg.Pool({ host: '127.0.0.1', port: postgres.port, user: 'postgres', database: 'postgres', max: 2 })
  metrics = recordMetrics()
  recording = recordSpans()
  observation = observePool(pool, { name: 'main', meter: metrics.meter })
})
afterEach(async () => {
  recording.stop()
  await pool.end()
})

/** Speaks pg's protocol itself. */
class CountingStatement {
  readonly text: string
  rows = 0
  readonly done: Promise<void>
  #resolve = () => {}
  #reject = (_error: unknown) => {}

  constructor(text: string) {
    this.text = text
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }
  submit(connection: pg.Connection): void {
    connection.query(this.text)
  }
  handleRowDescription(): void {}
  handleDataRow(): void {
    this.rows++
  }
  handleCommandComplete(): void {}
  handleReadyForQuery(): void {
    this.#resolve()
  }
  handleError(error: unknown): void {
    this.#reject(error)
  }
}

const count = (operation: string) => metrics.value('db_query_duration_seconds', { db: 'main', operation })

describe('observePool() with pg', () => {
  test('records one duration and one client span when pool.query() takes text and values', async () => {
    const result = await pool.query<{ email: string }>('select email from accounts where id = $1', [2])

    expect(result.rows).toEqual([{ email: 'user2' }])
    expect(count('select')).toBe(1)
    expect(recording.spans).toHaveLength(1)
    expect(recording.spans[0]).toMatchObject({
      name: 'SELECT main',
      kind: SpanKind.CLIENT,
      ended: true,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'db.system.name': 'postgresql',
        'db.operation.name': 'SELECT',
        'db.query.text': 'select email from accounts where id = $1',
        'db.client.connection.pool.name': 'main',
        'db.namespace': 'postgres',
        'server.address': '127.0.0.1',
        'server.port': postgres.port,
      },
    })
    expect(metrics.problems).toEqual([])
  })

  test('measures seconds by the clock from dispatch to result', async () => {
    observation.stop()
    const clock = createTestClock()
    observePool(pool, { name: 'main', meter: metrics.meter, clock })
    const client = await pool.connect()

    const pending = client.query('select 1')
    await clock.advance(250)
    const early = metrics.observations('db_query_duration_seconds').length
    await pending
    client.release()

    // The answer may come before or after the advance; in both cases only whole advances are measured.
    expect([0, 1]).toContain(early)
    expect(metrics.observations('db_query_duration_seconds')[0]).toBe(early === 1 ? 0 : 0.25)
  })

  test('records once when a config object, an array row mode or a named statement is given', async () => {
    const rows = await pool.query({ text: 'select id from accounts where id = $1', values: [1], rowMode: 'array' })
    expect(rows.rows).toEqual([[1]])

    const client = await pool.connect()
    for (const id of [1, 2]) {
      const named = await client.query({ name: 'by-id', text: 'select id from accounts where id = $1', values: [id] })
      expect(named.rows).toEqual([{ id }])
    }
    client.release()

    expect(count('select')).toBe(3)
    expect(recording.spans).toHaveLength(3)
  })

  test('calls back with the same arguments when callbacks are used', async () => {
    const fromPool = await new Promise((resolve) => {
      pool.query('select id from accounts where id = $1', [3], (error, result) => resolve([error, result.rows]))
    })
    const fromClient = await new Promise((resolve, reject) => {
      pool.connect((failure, client, done) => {
        if (client === undefined) return reject(failure)
        client.query('select 4 as id', (error, result) => {
          done()
          resolve([error, result.rows])
        })
      })
    })

    expect(fromPool).toEqual([undefined, [{ id: 3 }]])
    expect(fromClient).toEqual([null, [{ id: 4 }]])
    expect(count('select')).toBe(2)
  })

  test('leaves the config object as it was when its own callback is used', async () => {
    const client = await pool.connect()
    const rows = await new Promise((resolve) => {
      const config = { text: 'select 5 as id', callback: (_: unknown, result: pg.QueryResult) => resolve(result.rows) }
      Object.freeze(config)
      client.query(config)
    })
    client.release()

    expect(rows).toEqual([{ id: 5 }])
    expect(recording.spans[0]?.ended).toBe(true)
  })

  test('returns the very statement object, and leaves it clean, when a pg.Query is submitted', async () => {
    const client = await pool.connect()
    const query = new pg.Query('select id from accounts')
    const rows: unknown[] = []

    const returned = client.query(query)
    query.on('row', (row) => rows.push(row))
    await new Promise((resolve) => query.on('end', resolve))
    client.release()

    expect(returned).toBe(query)
    expect(rows).toHaveLength(5)
    expect(Object.getOwnPropertyNames(query)).not.toContain('handleReadyForQuery')
    expect(recording.spans[0]).toMatchObject({ ended: true, status: { code: SpanStatusCode.UNSET } })
    expect(count('select')).toBe(1)
  })

  test('returns and observes a statement object of another class, as cursors and streams are', async () => {
    const client = await pool.connect()
    const statement = new CountingStatement('select id from accounts')

    const returned = client.query(statement)
    await statement.done
    client.release()

    expect(returned).toBe(statement)
    expect(statement.rows).toBe(5)
    expect(Object.keys(statement)).toEqual(Object.keys(new CountingStatement('')))
    expect(Object.getOwnPropertyNames(statement)).not.toContain('handleError')
    expect(recording.spans[0]).toMatchObject({ name: 'SELECT main', ended: true })
    expect(count('select')).toBe(1)
  })

  test('records each statement of a transaction by its operation', async () => {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query("insert into accounts values (100, 'x@example.com')")
    await client.query('ROLLBACK')
    client.release()

    expect([count('begin'), count('insert'), count('rollback')]).toEqual([1, 1, 1])
    expect(recording.spans.map((span) => span.name)).toEqual(['BEGIN main', 'INSERT main', 'ROLLBACK main'])
    expect(JSON.stringify(recording.spans)).not.toContain('example.com')
  })

  test('puts the span under the span of its own caller when callers queue for one connection', async () => {
    const tracer = trace.getTracer('test')
    const work = (name: string) =>
      runInContext(createContext({ requestId: name }), () =>
        tracer.startActiveSpan(name, async (span) => {
          await pool.query(`select id as ${name} from accounts`)
          span.end()
          return { request: currentContext()?.requestId, spanId: span.spanContext().spanId }
        }),
      )

    const units = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(work))

    for (const { request, spanId } of units) {
      const query = recording.spans.find((span) => String(span.attributes['db.query.text']).includes(` ${request} `))
      expect(query?.parentSpanId).toBe(spanId)
    }
  })

  test('runs callbacks in the context of their caller when another one opened the connection', async () => {
    const storage = new AsyncLocalStorage<string>()
    await storage.run('opener', () => pool.query('select 1'))

    const seen = await storage.run('caller', () => {
      return new Promise((resolve) => pool.query('select 2', () => resolve(storage.getStore())))
    })

    expect(seen).toBe('caller')
  })

  test('shows active, max and waiting connections at each scrape', async () => {
    const [first, second] = [await pool.connect(), await pool.connect()]
    const third = pool.connect()

    await metrics.collect()
    const gauges = () =>
      ['active', 'max', 'waiting'].map((part) => metrics.value(`db_connections_${part}`, { db: 'main' }))
    expect(gauges()).toEqual([2, 2, 1])

    first.release()
    second.release()
    const client = await third
    client.release()
    await metrics.collect()
    expect(gauges()).toEqual([0, 2, 0])
  })

  test('returns the same observation when the pool is observed already', async () => {
    expect(observePool(pool, { name: 'again', meter: metrics.meter })).toBe(observation)

    await pool.query('select 1')

    expect(count('select')).toBe(1)
  })

  test('counts a statement once when two copies of the package observe the pool', async () => {
    const copy = new URL('../src/observe-pool.ts?copy', import.meta.url).href
    const { observePool: observeAgain } = (await import(copy)) as typeof import('../src/index.ts')
    expect(observeAgain).not.toBe(observePool)

    expect(observeAgain(pool, { name: 'main', meter: metrics.meter })).toBe(observation)
    await pool.query('select 1')

    expect(count('select')).toBe(1)
  })

  test('observes connections that were opened before', async () => {
    observation.stop()
    await pool.query('select 1')

    observePool(pool, { name: 'main', meter: metrics.meter })
    await pool.query('select 1')

    expect(count('select')).toBe(1)
  })

  test('stop() leaves pool and connections as they were, and forgets the gauges', async () => {
    const client = await pool.connect()
    await metrics.collect()

    observation.stop()
    observation.stop()
    await client.query('select 1')
    client.release()
    await metrics.collect()

    expect(Object.hasOwn(client, 'query')).toBe(false)
    expect(Object.hasOwn(pool, 'connect')).toBe(false)
    expect(metrics.value('db_connections_active')).toBeUndefined()
    expect(count('select')).toBe(0)
  })

  test('stop() ends the observation when somebody else has wrapped the hook', async () => {
    const client = await pool.connect()
    const hooked = client.query
    client.query = ((...args: Parameters<typeof client.query>) => hooked.apply(client, args)) as typeof client.query

    observation.stop()
    await client.query('select 1')
    client.release(true)

    expect(count('select')).toBe(0)
  })

  test.each(['', 'a b', 'x'.repeat(65), 'é'])('throws TypeError when the name is %j', (name) => {
    expect(() => observePool(pool, { name })).toThrow(TypeError)
  })

  test.each([undefined, null, 'postgres://', {}, new pg.Client()])('throws TypeError when %s is observed', (target) => {
    expect(() => observePool(target as never, { name: 'main' })).toThrow(/expected a pg.Pool or a PGlite/)
  })
})
