import { PGlite } from '@electric-sql/pglite'
import { SpanStatusCode } from '@opentelemetry/api'
import { recordMetrics, recordSpans, type SpanRecording } from '@ops/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { observePool, type PoolObservation } from '../src/index.ts'

let database: PGlite
let metrics: ReturnType<typeof recordMetrics>
let recording: SpanRecording
let observation: PoolObservation

beforeAll(async () => {
  database = await PGlite.create()
  await database.exec('create table notes (id int primary key, body text)')
})
afterAll(() => database.close())

beforeEach(() => {
  metrics = recordMetrics()
  recording = recordSpans()
  observation = observePool(database, { name: 'embedded', meter: metrics.meter })
})
afterEach(async () => {
  observation.stop()
  recording.stop()
  await database.exec('delete from notes')
})

const names = () => recording.spans.map((span) => span.name)
const failures = () => recording.spans.map((span) => span.status.code === SpanStatusCode.ERROR)

describe('observePool() with PGlite', () => {
  test('records query(), exec() and sql once each', async () => {
    await database.query('insert into notes values ($1, $2)', [1, 'private'])
    const rows = await database.sql`select id from notes where body = ${'private'}`
    await database.exec("update notes set body = 'private too'")

    expect(rows.rows).toEqual([{ id: 1 }])
    expect(names()).toEqual(['INSERT embedded', 'SELECT embedded', 'UPDATE embedded'])
    expect(JSON.stringify(recording.spans)).not.toContain('private')
    expect(metrics.value('db_query_duration_seconds')).toBe(3)
    expect(metrics.problems).toEqual([])
  })

  test('records a transaction as begin, its statements and commit', async () => {
    const value = await database.transaction(async (tx) => {
      await tx.query('insert into notes values ($1, $2)', [1, 'private'])
      await tx.sql`update notes set body = ${'private'}`
      await tx.exec('select 1')
      return 7
    })

    expect(value).toBe(7)
    expect(names().map((name) => name.split(' ')[0])).toEqual(['BEGIN', 'INSERT', 'UPDATE', 'SELECT', 'COMMIT'])
    expect(recording.spans.every((span) => span.ended)).toBe(true)
    expect(failures()).not.toContain(true)
  })

  test('records begin and rollback, and passes the very error, when the body throws', async () => {
    const error = new Error('changed my mind')

    const running = database.transaction(async () => {
      throw error
    })

    await expect(running).rejects.toBe(error)
    expect(names()).toEqual(['BEGIN embedded', 'ROLLBACK embedded'])
    expect(failures()).toEqual([false, false])
  })

  test('records one rollback when the body asks for it', async () => {
    await database.transaction(async (tx) => {
      await tx.exec("insert into notes values (9, 'gone')")
      await tx.rollback()
    })

    expect(names()).toEqual(['BEGIN embedded', 'INSERT embedded', 'ROLLBACK embedded'])
    expect((await database.query('select * from notes')).rows).toEqual([])
  })

  test('marks the statement that failed inside a transaction', async () => {
    const running = database.transaction((tx) => tx.query("select 'private'::int"))

    await expect(running).rejects.toMatchObject({ code: '22P02' })
    expect(names()).toEqual(['BEGIN embedded', 'SELECT embedded', 'ROLLBACK embedded'])
    expect(failures()).toEqual([false, true, false])
    expect(recording.spans[1]?.attributes['db.response.status_code']).toBe('22P02')
    expect(JSON.stringify(recording.spans)).not.toContain('private')
  })

  test('shows one connection, and those that wait for it', async () => {
    const running = Promise.all([1, 2, 3].map((n) => database.query('select $1::int', [n])))

    await metrics.collect()
    const gauges = () => ['active', 'max', 'waiting'].map((part) => metrics.value(`db_connections_${part}`))
    expect(gauges()).toEqual([1, 1, 2])

    await running
    await metrics.collect()
    expect(gauges()).toEqual([0, 1, 0])
  })

  test('stop() leaves the database as it was', async () => {
    observation.stop()

    await database.query('select 1')

    expect(['query', 'exec', 'transaction'].filter((name) => Object.hasOwn(database, name))).toEqual([])
    expect(recording.spans).toEqual([])
  })
})
