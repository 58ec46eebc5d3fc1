/** The parts that need no Redis, each by itself: what mutation testing found the wider tests to miss. */
import { recordMetrics } from '@ops/testing'
import { describe, expect, test, vi } from 'vitest'
import { createBatch } from '../src/batch.ts'
import { compress, decodeValue, encodeValue, expand, FORMAT, isCompressed } from '../src/codec.ts'
import { Epochs } from '../src/epochs.ts'
import { formatMessage, tryParseMessage } from '../src/message.ts'
import { NextLoad } from '../src/next-load.ts'
import { type Held, ProcessTier } from '../src/process-tier.ts'
import { createTopTenants } from '../src/top-tenants.ts'

describe('createBatch()', () => {
  const upper = async (items: readonly string[]) => items.map((item) => item.toUpperCase())

  test('createBatch() sends what one turn asked together, by group and in order, and starts anew in the next turn', async () => {
    const send = vi.fn(upper)
    const ask = createBatch({ send, groupOf: (item: string) => item[0] as string, maxItems: 10 })

    expect(await Promise.all(['a1', 'b1', 'a2'].map(ask))).toEqual(['A1', 'B1', 'A2'])
    expect(send.mock.calls).toEqual([[['a1', 'a2']], [['b1']]])
    expect(await ask('a3')).toBe('A3')
    expect(send).toHaveBeenCalledTimes(3)
  })

  test('createBatch() sends at most maxItems in one message when more are asked', async () => {
    const send = vi.fn(upper)
    const ask = createBatch({ send, groupOf: () => '', maxItems: 2 })

    await Promise.all(['a', 'b', 'c', 'd', 'e'].map(ask))

    expect(send.mock.calls.map(([items]) => items)).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  test('createBatch() rejects all of a message and no other when sending it fails', async () => {
    const send = async (items: readonly string[]) => {
      if (items.includes('bad')) throw new Error('cut')
      return items
    }
    const ask = createBatch({ send, groupOf: (item: string) => item.length.toString(), maxItems: 10 })

    const outcomes = await Promise.allSettled(['bad', 'abc', 'fine'].map(ask))

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  })
})

describe('tryParseMessage()', () => {
  test.each([
    { scope: 'key', definition: 'user', tenant: 'a\ud800', id: '1' },
    { scope: 'tag', tenant: 'a' },
    { scope: 'tenant', tenant: '' },
  ] as const)('tryParseMessage() gives back $scope', (message) => {
    expect(tryParseMessage(formatMessage(message))).toEqual(message)
  })

  test.each([
    'no JSON',
    'null',
    '{}',
    '{"scope":"tag"}',
    '{"scope":"all","tenant":"a"}',
    '{"scope":"key","tenant":"a"}',
    '{"scope":"key","tenant":"a","definition":"d"}',
    '{"scope":"key","tenant":"a","id":"1"}',
    '{"scope":"tenant","tenant":7}',
  ])('tryParseMessage() does not understand %s', (text) => {
    expect(tryParseMessage(text)).toBeUndefined()
  })
})

describe('NextLoad', () => {
  test('run() lets one load run and one wait for each key, and whoever asks meanwhile joins the waiting one', async () => {
    const loads = new NextLoad<number>()
    const gates: PromiseWithResolvers<number>[] = []
    const load = vi.fn(() => {
      const gate = Promise.withResolvers<number>()
      gates.push(gate)
      return gate.promise
    })

    const [first, second, third, other] = [
      loads.run('k', load),
      loads.run('k', load),
      loads.run('k', load),
      loads.run('x', load),
    ]
    expect(load).toHaveBeenCalledTimes(2)
    expect(second).toBe(third)
    gates[0]?.resolve(1)
    expect(await first).toBe(1)
    await vi.waitFor(() => expect(load).toHaveBeenCalledTimes(3))
    gates[2]?.resolve(2)
    gates[1]?.resolve(9)

    expect([await second, await third, await other]).toEqual([2, 2, 9])
  })

  test('run() begins the waiting load when the running one fails, and forgets both', async () => {
    const loads = new NextLoad<number>()
    const failed = loads.run('k', () => Promise.reject(new Error('down')))
    const next = loads.run('k', async () => 7)

    await expect(failed).rejects.toThrow('down')
    expect(await next).toBe(7)
    expect(await loads.run('k', async () => 8)).toBe(8)
  })
})

describe('Epochs', () => {
  test('advance() changes the epoch of its stripe alone, advanceAll() of all', () => {
    const epochs = new Epochs()
    const before = [epochs.of(1), epochs.of(2)]

    epochs.advance(1)
    expect([epochs.of(1), epochs.of(2)]).toEqual([before[0]! + 1, before[1]])
    expect(epochs.of(1 + 4096)).toBe(epochs.of(1))
    epochs.advanceAll()
    expect([epochs.of(1), epochs.of(2)]).toEqual([before[0]! + 2, before[1]! + 1])
  })
})

describe('createTopTenants()', () => {
  test('count() names the busiest, keeps who is named, and adds up the others', async () => {
    const { meter, value, collect } = recordMetrics()
    const top = createTopTenants(meter, 'shop', 1)
    const reads = (tenant: string) => value('cache_tenant_reads_total', { cache: 'shop', tenant })

    for (const [tenant, times] of [
      ['calm', 2],
      ['busy', 5],
    ] as const)
      for (let i = 0; i < times; i++) top.count(tenant)
    await collect()
    expect([reads('busy'), reads('calm'), reads('_other')]).toEqual([5, 0, 2])

    for (let i = 0; i < 9; i++) top.count('calm')
    top.count('busy')
    await collect()
    expect([reads('busy'), reads('calm'), reads('_other')]).toEqual([6, 0, 11])

    await collect()
    expect([reads('busy'), reads('_other')]).toEqual([6, 11])
    top.close()
  })

  test('count() watches ten tenants for each that is named, and the named ones always', async () => {
    const { meter, value, collect } = recordMetrics()
    const top = createTopTenants(meter, 'shop', 1)
    top.count('first')
    await collect()

    for (let i = 0; i < 30; i++) top.count(`t${i}`)
    top.count('first')
    await collect()

    expect(value('cache_tenant_reads_total', { tenant: 'first' })).toBe(2)
    expect(value('cache_tenant_reads_total', { tenant: '_other' })).toBe(30)
    top.close()
  })
})

describe('ProcessTier', () => {
  const held = (bytes: number): Held<unknown> => ({
    value: bytes,
    promise: Promise.resolve(bytes),
    token: 't',
    bytes,
    refreshAt: 0,
    freshUntil: 0,
    staleUntil: 0,
  })
  /** Size of an entry under an id of one character. */
  const SIZE = 100 + 2 + 256

  test('put() counts value, id and overhead, takes what fills the tier exactly, and leaves out what is larger', () => {
    const tier = new ProcessTier(SIZE)

    tier.put('x', 'a', '1', held(100))
    expect([tier.bytes, tier.size, tier.evictions]).toEqual([SIZE, 1, 0])
    tier.put('x', 'b', '2', held(101))
    expect([tier.bytes, tier.size]).toEqual([SIZE, 1])
  })

  test('put() evicts the least recently used of the writer when nobody else has more than a share', () => {
    const tier = new ProcessTier(3 * SIZE)
    for (const id of ['1', '2', '3', '4']) tier.put('x', 'a', id, held(100))

    expect([...(tier.partitionsOf('x').get('a')?.keys() ?? [])].sort()).toEqual(['2', '3', '4'])
    expect([tier.evictions, tier.bytes]).toEqual([1, 3 * SIZE])
  })

  test('put() evicts from the larger definition of whoever has more than a share', () => {
    const tier = new ProcessTier(4 * SIZE)
    tier.put('small', 'greedy', '1', held(100))
    for (const id of ['1', '2', '3']) tier.put('large', 'greedy', id, held(100))
    tier.put('x', 'modest', '1', held(100))

    expect(tier.partitionsOf('large').get('greedy')?.size).toBe(2)
    expect(tier.partitionsOf('small').get('greedy')?.size).toBe(1)
    expect(tier.partitionsOf('x').get('modest')?.size).toBe(1)
  })

  test('delete() and clearTenant() forget one entry, one definition, or all of a tenant', () => {
    const tier = new ProcessTier(100 * SIZE)
    for (const definition of ['x', 'y']) for (const id of ['1', '2']) tier.put(definition, 'a', id, held(100))
    tier.put('x', 'b', '1', held(100))

    tier.delete('x', 'a', '1')
    tier.delete('x', 'a', 'unknown')
    tier.delete('z', 'a', '1')
    expect([tier.size, tier.bytes]).toEqual([4, 4 * SIZE])
    tier.clearTenant('a', 'x')
    tier.clearTenant('a', 'z')
    expect([tier.size, tier.partitionsOf('x').has('a'), tier.partitionsOf('y').has('a')]).toEqual([3, false, true])
    tier.clearTenant('a')
    tier.clearTenant('nobody')
    expect([tier.size, tier.bytes]).toEqual([1, SIZE])
    tier.put('x', 'a', '1', held(100))
    expect(tier.size).toBe(2)
  })
})

describe('encodeValue()', () => {
  class Point {
    readonly x = 1
  }
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

  test.each([
    ['undefined', undefined, FORMAT.undefined],
    ['text', 'a', FORMAT.json],
    ['a number', 1.5, FORMAT.json],
    ['null', null, FORMAT.json],
    ['NaN', Number.NaN, FORMAT.msgpack],
    ['-0', -0, FORMAT.v8],
    ['undefined inside', { a: undefined }, FORMAT.msgpack],
    ['the least of 64 bits', -(2n ** 63n), FORMAT.msgpack],
    ['below 64 bits', -(2n ** 63n) - 1n, FORMAT.v8],
    ['the most of 64 bits', 2n ** 63n - 1n, FORMAT.msgpack],
    ['above 64 bits', 2n ** 63n, FORMAT.v8],
    ['an invalid date', new Date(Number.NaN), FORMAT.v8],
    ['a map of text', new Map([['a', 1]]), FORMAT.msgpack],
    ['a map with a broken surrogate', new Map([['\ud800', 1]]), FORMAT.v8],
    ['a set with a broken surrogate', new Set(['\ud800']), FORMAT.v8],
    ['a broken surrogate alone', '\ud800', FORMAT.json],
    ['a sparse array', Object.assign([1], { 2: 2 }), FORMAT.v8],
    ['64 levels', nested(64), FORMAT.json],
    ['66 levels', nested(66), FORMAT.v8],
    ['toJSON as a value', { toJSON: 1, at: new Date(0) }, FORMAT.v8],
    ['an own __proto__ beside a date', JSON.parse('{"__proto__":1,"a":0}'), FORMAT.json],
  ])('encodeValue() writes %s as the cheapest format that gives it back', (_, value, format) => {
    const encoded = encodeValue(value)

    expect(encoded.format).toBe(format)
    expect(decodeValue(encoded)).toEqual(value)
  })

  test('encodeValue() leaves classes to V8, which keeps their fields', () => {
    const encoded = encodeValue(new Point())

    expect(encoded.format).toBe(FORMAT.v8)
    expect(decodeValue(encoded)).toEqual({ x: 1 })
  })

  test('decodeValue() throws when the format is of another time', () => {
    expect(() => decodeValue({ format: 9, payload: Buffer.alloc(0) })).toThrow('expected 0 to 3')
  })
})

describe('compress()', () => {
  test('compress() leaves alone what is at the threshold, or does not become smaller', async () => {
    const text = encodeValue('a'.repeat(100))
    const noise = { format: FORMAT.v8, payload: Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 37) % 251)) }

    expect(await compress(text, text.payload.length)).toBe(text)
    expect(await compress(noise, 1)).toBe(noise)
    expect(isCompressed(text)).toBe(false)
  })

  test('compress() and expand() keep the format, and expand() stops at its bound', async () => {
    const text = encodeValue('a'.repeat(100))

    const small = await compress(text, text.payload.length - 1)

    expect(isCompressed(small)).toBe(true)
    expect(small.payload.length).toBeLessThan(text.payload.length)
    expect(await expand(small, text.payload.length)).toEqual(text)
    await expect(expand(small, text.payload.length - 1)).rejects.toThrow(RangeError)
  })
})
