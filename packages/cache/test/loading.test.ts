/** What loaders may do, and how long anybody waits for them. */

import { trace } from '@opentelemetry/api'
import { createTestClock, recordLogs, recordSpans, waitFor } from '@ops/testing'
import { describe, expect, test, vi } from 'vitest'
import { asTenant, connect, connectCache, uniqueName } from './fixture.ts'

const never = () => new Promise<never>(() => {})
const l1 = { maxBytes: 2 ** 20, heartbeatMs: 20, maxLagMs: 2_000 }

describe('get()', () => {
  test('get() rejects with the loader’s own error for all callers, and loads again for the next', async () => {
    const cache = await connectCache()
    const load = vi.fn(async (): Promise<number> => Promise.reject(new Error('boom')))
    const user = cache.define('user', { ttl: '1m', load })

    await asTenant('a', async () => {
      const outcomes = await user.getManySettled(['1', '1', '1'])
      expect(outcomes.map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected'])
      expect(load).toHaveBeenCalledTimes(1)

      load.mockResolvedValue(2)
      expect(await user.get('1')).toBe(2)
    })
  })

  test('get() rejects and aborts the loader when it takes longer than hardMs', async () => {
    const clock = createTestClock()
    const cache = await connectCache({ clock, redisTimeoutMs: 60_000 })
    let aborted: AbortSignal | undefined
    const load = vi.fn((_: string, { signal }: { signal: AbortSignal }) => {
      aborted = signal
      return never()
    })
    const user = cache.define<number>('user', { ttl: '1m', timeout: { hardMs: 500 }, load })

    const outcome = asTenant('a', () => user.getManySettled(['1']))
    await waitFor(() => load.mock.calls.length === 1)
    await clock.advance(500)

    expect((await outcome)[0]).toMatchObject({ reason: { code: 'OPS_CACHE_LOAD_TIMEOUT' } })
    expect(aborted?.aborted).toBe(true)
    expect(cache.stats().definitions['user']?.loads.timeout).toBe(1)
  })

  test.each(['fails', 'is slow'])('get() serves the stale value when the loader %s', async (trouble) => {
    const clock = createTestClock()
    const cache = await connectCache({ clock, redisTimeoutMs: 60_000 })
    const load = vi.fn(async (): Promise<number> => 1)
    const options = { ttl: '10s', staleFor: '1h', jitterRatio: 0, timeout: { softMs: 80 }, load }
    const user = cache.define('user', options)
    await asTenant('a', () => user.get('1'))
    await clock.advance(11_000)
    load.mockImplementationOnce(trouble === 'fails' ? () => Promise.reject(new Error('boom')) : never)

    const reading = asTenant('a', () => user.get('1'))
    await waitFor(() => load.mock.calls.length === 2)
    if (trouble === 'is slow') await clock.advance(80)

    expect(await reading).toBe(1)
    expect(cache.stats().definitions['user']?.l2Stale).toBe(1)
  })

  test.each([
    ['undefined', undefined],
    ['null', null],
  ])('get() caches %s for negativeTtl', async (_, absent) => {
    const clock = createTestClock()
    const cache = await connectCache({ clock, redisTimeoutMs: 60_000 })
    const load = vi.fn(async () => absent)
    const user = cache.define<undefined | null>('user', { ttl: '1h', negativeTtl: '5s', jitterRatio: 0, load })
    const read = () => asTenant('a', () => user.get('1'))

    expect([await read(), await read()]).toEqual([absent, absent])
    expect(load).toHaveBeenCalledTimes(1)

    await clock.advance(5_001)
    await read()
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('get() caches no absence when negativeTtl is 0', async () => {
    const cache = await connectCache()
    const load = vi.fn(async () => undefined)
    const user = cache.define<undefined>('user', { ttl: '1h', negativeTtl: 0, load })

    await asTenant('a', async () => [await user.get('1'), await user.get('1')])

    expect(load).toHaveBeenCalledTimes(2)
  })

  test('get() keeps NaN, cycles, dates, maps and buffers as they are', async () => {
    const cache = await connectCache()
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const values: Record<string, unknown> = {
      nan: Number.NaN,
      cycle,
      date: new Date(5),
      map: new Map([['a', new Set([1n])]]),
      bytes: Buffer.from([0, 255]),
      hole: { a: undefined },
    }
    const any = cache.define<unknown>('any', { ttl: '1m', load: async (id) => values[id] })

    await asTenant('a', async () => {
      for (const id of Object.keys(values)) {
        const loaded = await any.get(id)
        const cached = await any.get(id)
        expect(cached).toStrictEqual(values[id])
        expect(loaded).toStrictEqual(cached)
      }
    })
    expect(cache.stats().definitions['any']).toMatchObject({ l2Hits: 6, loads: { ok: 6 } })
  })

  test('get() returns what it cannot keep, and says so: 100 MB, functions, bad tags', async () => {
    const { logger, records } = recordLogs()
    const cache = await connectCache({ logger })
    const values: Record<string, unknown> = { large: Buffer.alloc(100 * 2 ** 20), code: { f: () => 1 }, tagged: 'x' }
    const tags = (value: unknown) => (value === 'x' ? [5 as never] : [])
    const any = cache.define<unknown>('any', { ttl: '1m', tags, load: async (id) => values[id] })

    await asTenant('a', async () => {
      for (const id of Object.keys(values)) expect(await any.get(id)).toBe(values[id])
    })

    expect(cache.stats().definitions['any']?.fillsRejected).toEqual({ too_large: 1, unencodable: 1, bad_tags: 1 })
    expect(records.map(({ fields }) => fields['reason'])).toEqual(['too_large', 'unencodable', 'bad_tags'])
  })

  test('get() compresses large values and gives them back', async () => {
    const redis = await connect()
    const name = uniqueName()
    const cache = await connectCache({ redis, name })
    const text = cache.define('text', { ttl: '1m', load: async () => 'abc'.repeat(10_000) })

    expect(await asTenant('a', async () => [await text.get('1'), await text.get('1')])).toEqual(
      Array(2).fill('abc'.repeat(10_000)),
    )

    const [key] = (await redis.keys(`*${name}*:text:*`)) as [string]
    expect(await redis.strlen(key)).toBeLessThan(1_000)
  })

  test('get() refreshes early, once, when the draw says so', async () => {
    const clock = createTestClock()
    const draws = { next: () => 0.9 }
    const cache = await connectCache({ clock, random: draws, l1: { ...l1, maxLagMs: 600_000 }, redisTimeoutMs: 60_000 })
    let loads = 0
    const load = vi.fn(async () => {
      await clock.advance(1_000)
      return ++loads
    })
    const user = cache.define('user', { ttl: '10s', jitterRatio: 0, load })
    await waitFor(() => clock.advance(20).then(() => !cache.stats().l1.bypassed))
    await asTenant('a', () => user.get('1'))

    // 1 s times -ln(1 - 0.9) is 2.3 s before the end.
    await clock.advance(7_600)
    expect(await asTenant('a', () => user.get('1'))).toBe(1)
    expect(load).toHaveBeenCalledTimes(1)
    await clock.advance(200)
    expect(await asTenant('a', () => Promise.all([user.get('1'), user.get('1')]))).toEqual([1, 1])

    await waitFor(async () => (await asTenant('a', () => user.get('1'))) === 2)
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('get() shortens ttl by up to jitterRatio', async () => {
    const redis = await connect()
    const name = uniqueName()
    const cache = await connectCache({ redis, name, random: { next: () => 0.5 } })
    const user = cache.define('user', { ttl: 10_000, jitterRatio: 0.4, load: async () => 1 })

    await asTenant('a', () => user.get('1'))

    const [key] = (await redis.keys(`*${name}*:user:*`)) as [string]
    const left = await redis.pttl(key)
    expect(left).toBeLessThanOrEqual(8_000)
    expect(left).toBeGreaterThan(5_000)
  })

  test('get() freezes values in development and leaves them alone when told', async () => {
    const [strict, loose] = [await connectCache({ freezeValues: true }), await connectCache({ freezeValues: false })]
    const options = { ttl: '1m', load: async () => ({ list: [1] }) }
    const frozen = await asTenant('a', () => strict.define('x', options).get('1'))
    const free = await asTenant('a', () => loose.define('x', options).get('1'))

    expect(() => frozen.list.push(2)).toThrow(TypeError)
    expect(free.list.push(2)).toBe(2)
  })

  test('get() runs at most maxLoadsPerTenant loads of a tenant, and holds up no other tenant', async () => {
    const cache = await connectCache({ maxLoadsPerTenant: 2 })
    const running: (() => void)[] = []
    const load = vi.fn((_: string) => new Promise<number>((resolve) => running.push(() => resolve(1))))
    const user = cache.define('user', { ttl: '1m', load })
    const greedy = asTenant('a', () => user.getMany(['1', '2', '3', '4']))
    const modest = asTenant('b', () => user.get('1'))

    await waitFor(() => running.length === 3)
    expect(load.mock.calls.map(([id]) => id)).toEqual(['1', '2', '1'])

    let done = 0
    await waitFor(() => {
      running.splice(0).forEach((finish) => {
        done++
        finish()
      })
      return done === 5
    })
    expect([await greedy, await modest]).toEqual([[1, 1, 1, 1], 1])
  })

  test('a load runs in a span, inside the caller’s trace', async () => {
    const recording = recordSpans()
    try {
      const cache = await connectCache()
      const user = cache.define('user', { ttl: '1m', load: async () => 1 })
      await asTenant('a', () =>
        trace.getTracer('t').startActiveSpan('request', async (span) => {
          await user.get('1')
          span.end()
        }),
      )

      expect(recording.spans.map(({ name }) => name)).toEqual([
        'request',
        'cache read',
        'cache acquire',
        'cache load',
        'cache fill',
      ])
      expect(recording.spans.every(({ ended }) => ended)).toBe(true)
      expect(new Set(recording.spans.map(({ traceId }) => traceId)).size).toBe(1)
    } finally {
      recording.stop()
    }
  })
})

describe('define()', () => {
  const load = () => 1
  test.each([
    [{ ttl: '1m' }, /neither load nor loadMany/],
    [{ ttl: 'soon', load }, /ttl of cache x .soon./],
    [{ ttl: 0, load }, /ttl of 0/],
    [{ ttl: '1m', load, schemaVersion: 1.5 }, /schemaVersion of 1.5/],
    [{ ttl: '1m', load, scope: 'world' }, /scope is world/],
    [{ ttl: '1m', load, timeout: { hardMs: 0 } }, /hardMs of 0/],
    [{ ttl: '1m', load, jitterRatio: 2 }, /jitterRatio of 2/],
  ])('define() refuses %j', async (options, message) => {
    const cache = await connectCache()

    expect(() => cache.define('x', options as never)).toThrow(message)
  })

  test('define() refuses a name that is taken', async () => {
    const cache = await connectCache()
    cache.define('x', { ttl: 1, load })

    expect(() => cache.define('x', { ttl: 1, load })).toThrow(/defined already/)
  })
})
