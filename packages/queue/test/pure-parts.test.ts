/** The parts that need no Redis, each by itself: what mutation testing found the wider tests to miss. */
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { createContext, formatTraceparent, runInContext } from '@ops/core'
import { createTestRandom } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { backoffMs } from '../src/backoff.ts'
import { assertStorable, openPayload, parsePayload, producerOf, sealEnvelope, storableJson } from '../src/envelope.ts'
import { fingerprintOf, recordError } from '../src/error-record.ts'
import { InvalidPayloadError, JobAbortError, permanent, retryAfter } from '../src/errors.ts'
import { defineJob } from '../src/job-definition.ts'
import { decideOutcome, type Standing } from '../src/outcome.ts'
import { checkLedger } from '../src/testing/index.ts'

const always = (value: number) => ({ ...createTestRandom(1), next: () => value })
const retry = { attempts: 3, baseMs: 100, capMs: 1_000, withinMs: 10_000 }
const standing = (part: Partial<Standing> = {}): Standing => ({
  failures: 0,
  throttles: 0,
  ageMs: 0,
  random: always(0.5),
  ...part,
})

test('backoffMs() doubles the bound from the base to the cap', () => {
  expect([1, 2, 3, 4, 5, 6].map((failures) => backoffMs(failures, retry, always(0.999)))).toEqual([
    99, 199, 399, 799, 999, 999,
  ])
})

describe('decideOutcome()', () => {
  const decide = (thrown: unknown, now: Partial<Standing> = {}) => decideOutcome(thrown, { retry }, standing(now))
  const coded = (code: unknown, cause?: unknown) => Object.assign(new Error('x', { cause }), { code })

  test('decideOutcome() tries again while attempts are left and the window is open, and not beyond', () => {
    expect(decide(new Error('x'))).toEqual({ kind: 'retry', errorType: 'unknown', delayMs: 50 })
    expect(decide(new Error('x'), { failures: 1 })).toEqual({ kind: 'retry', errorType: 'unknown', delayMs: 100 })
    expect(decide(new Error('x'), { failures: 2 })).toMatchObject({ kind: 'dead', verdict: 'exhausted' })
    expect(decide(new Error('x'), { ageMs: 9_950 })).toMatchObject({ kind: 'retry' })
    expect(decide(new Error('x'), { ageMs: 9_951 })).toMatchObject({ kind: 'dead', verdict: 'exhausted' })
  })

  test('decideOutcome() takes a throttle back to its own budget, with a tenth of jitter', () => {
    expect(decide(retryAfter(2_000))).toEqual({ kind: 'release', reason: 'throttled', delayMs: 2_100 })
    expect(decide(retryAfter(100))).toEqual({ kind: 'release', reason: 'throttled', delayMs: 150 })
    expect(decide(retryAfter(100), { throttles: 99 })).toMatchObject({ kind: 'release' })
    expect(decide(retryAfter(100), { throttles: 100 })).toEqual({
      kind: 'dead',
      errorType: 'throttled',
      verdict: 'exhausted',
    })
    expect(decide(retryAfter(100), { ageMs: 9_850 })).toMatchObject({ kind: 'release' })
    expect(decide(retryAfter(100), { ageMs: 9_851 })).toMatchObject({ kind: 'dead' })
  })

  test.each([
    [new JobAbortError('j', 'timeout'), 'timeout'],
    [Object.assign(new Error('x'), { name: 'TimeoutError' }), 'timeout'],
    [new Error('x', { cause: Object.assign(new Error('y'), { name: 'TimeoutError' }) }), 'timeout'],
    [coded('ECONNRESET'), 'dependency'],
    [coded('EPIPE'), 'dependency'],
    [coded('ENOTFOUND'), 'dependency'],
    [coded('EAI_AGAIN'), 'dependency'],
    [coded('UND_ERR_SOCKET'), 'dependency'],
    [coded('OPS_CACHE_UNAVAILABLE'), 'dependency'],
    [new Error('x', { cause: coded('EHOSTUNREACH') }), 'dependency'],
    [coded('MY_ECONNRESET'), 'unknown'],
    [coded('UNAVAILABLE_HERE'), 'unknown'],
    [coded(7), 'unknown'],
    ['ECONNRESET', 'unknown'],
    [undefined, 'unknown'],
  ])('decideOutcome() classes %o as %s', (thrown, errorType) => {
    expect(decide(thrown)).toMatchObject({ kind: 'retry', errorType })
  })

  test('decideOutcome() looks five causes deep and no further', () => {
    const below = (depth: number): Error =>
      depth === 0 ? coded('ECONNRESET') : new Error('x', { cause: below(depth - 1) })

    expect(decide(below(4))).toMatchObject({ errorType: 'dependency' })
    expect(decide(below(5))).toMatchObject({ errorType: 'unknown' })
  })

  test('decideOutcome() says why a job is dead at once', () => {
    expect(decide(permanent('x'))).toEqual({ kind: 'dead', errorType: 'permanent', verdict: 'permanent' })
    expect(decide(new InvalidPayloadError('j', 'x'))).toEqual({
      kind: 'dead',
      errorType: 'validation',
      verdict: 'invalid',
    })
    expect(decide(new JobAbortError('j', 'shutdown'))).toEqual({ kind: 'release', reason: 'shutdown', delayMs: 0 })
    expect(decide(new JobAbortError('j', 'lock_lost'))).toEqual({ kind: 'discard' })
  })
})

describe('the envelope', () => {
  const silent = trace.getSpan(ROOT_CONTEXT) ?? trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 })
  const sealing = { span: silent, now: 1_000_000, monotonic: 500, inheritDeadline: true, baggage: undefined }
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }

  test('sealEnvelope() holds payload and version alone outside a unit of work', () => {
    expect(sealEnvelope(2, { a: 1 }, sealing)).toEqual({ p: { a: 1 }, v: 2 })
  })

  test('sealEnvelope() carries tenant, trace and, where asked to, the deadline as wall time', () => {
    const context = createContext({ tenant: 'acme', deadline: 2_500 })
    const tp = formatTraceparent({ traceId: context.traceId, spanId: context.spanId, traceFlags: 1 })

    runInContext(context, () => {
      expect(sealEnvelope(1, 7, sealing)).toEqual({ p: 7, v: 1, t: 'acme', tp, dl: 1_002_000 })
      expect(sealEnvelope(1, 7, { ...sealing, inheritDeadline: false })).toEqual({ p: 7, v: 1, t: 'acme', tp })
    })
  })

  test('sealEnvelope() prefers the span of the enqueue to its unit, and takes baggage along', () => {
    const span = trace.wrapSpanContext({ ...ids, traceFlags: 0 })

    const sealed = runInContext(createContext(), () => sealEnvelope(1, 7, { ...sealing, span, baggage: { a: 'b' } }))

    expect(sealed).toEqual({ p: 7, v: 1, tp: formatTraceparent({ ...ids, traceFlags: 1 }), b: { a: 'b' } })
    expect(producerOf(sealed)).toMatchObject(ids)
    expect(producerOf({ p: 7, v: 1 })).toBeUndefined()
  })

  test('parsePayload() names paths and rules of three problems at most, never values', () => {
    const schema = z.object({ a: z.string(), b: z.string(), c: z.string(), d: z.object({ e: z.string() }) })
    const job = defineJob('j', { schema })
    const problemOf = (payload: unknown) => {
      try {
        return parsePayload(job, payload)
      } catch (error) {
        return (error as Error).message
      }
    }

    expect(problemOf('secret-value')).toBe('Cannot take payload of job j: payload (invalid_type) break its schema')
    expect(problemOf({ a: '', b: '', c: '', d: { e: 'canary'.length } })).toContain('d.e (invalid_type)')
    expect(problemOf({})).toBe(
      'Cannot take payload of job j: a (invalid_type), b (invalid_type), c (invalid_type) break its schema',
    )
    expect(parsePayload(defineJob('n', { schema: z.coerce.number() }), '7')).toBe(7)
  })

  test('storableJson() takes 64 KiB of payload and no byte more, counted in UTF-8', () => {
    const quotes = 2
    expect(storableJson('j', { p: 'x'.repeat(65_536 - quotes), v: 1 })).toHaveLength(65_536 + '{"p":,"v":1}'.length)
    expect(() => storableJson('j', { p: 'x'.repeat(65_537 - quotes), v: 1 })).toThrow('over 65536 bytes')
    expect(() => storableJson('j', { p: '€'.repeat(21_845), v: 1 })).toThrow('over 65536 bytes')
    expect(() => assertStorable('j', '€'.repeat(21_844))).not.toThrow()
    expect(storableJson('j', { p: 'x'.repeat(60_000), v: 1, b: { a: 'x'.repeat(10_000) } })).toContain('"b"')
  })

  test.each([
    ['a bigint', 1n],
    ['a function', () => {}],
    ['undefined', undefined],
  ])('assertStorable() refuses %s', (_, payload) => {
    expect(() => assertStorable('j', payload)).toThrow('cannot be written as JSON')
  })

  test('openPayload() upgrades step by step, and refuses versions that cannot be', () => {
    const upgrade = {
      1: ({ name }: { name: string }) => ({ first: name }),
      2: ({ first }: { first: string }) => ({ first, last: '' }),
    }
    const job = defineJob('j', {
      schema: z.object({ first: z.string(), last: z.string() }),
      version: 3,
      upgrade: upgrade as never,
    })

    expect(openPayload(job, { v: 1, p: { name: 'Ada' } })).toEqual({ first: 'Ada', last: '' })
    expect(openPayload(job, { v: 3, p: { first: 'A', last: 'L' } })).toEqual({ first: 'A', last: 'L' })
    for (const v of [0, 4, 1.5])
      expect(() => openPayload(job, { v, p: {} })).toThrow(`its version is ${v}, expected 1 to 3`)
    expect(() => openPayload(job, { v: 1, p: null })).toThrow('upgrade[1] failed:')
  })
})

describe('recordError()', () => {
  test('recordError() keeps type, code, message and frames of each cause, the first five with frames, ten at most', () => {
    const deep = (depth: number): Error => new Error(`e${depth}`, depth === 12 ? {} : { cause: deep(depth + 1) })

    const chain = recordError(deep(1))

    expect(chain.map(({ message }) => message)).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9', 'e10'])
    expect(chain.map(({ stack }) => stack !== undefined)).toEqual([...Array(5).fill(true), ...Array(5).fill(false)])
    expect(chain[0]?.stack).toMatch(/^ {4}at /)
    expect(recordError(Object.assign(new TypeError('x'), { code: 'E_X' }))[0]).toMatchObject({
      type: 'TypeError',
      code: 'E_X',
    })
    expect(recordError(Object.assign(new Error('x'), { code: 7 }))[0]).not.toHaveProperty('code')
  })

  test('recordError() ends at a cause it has seen, and after a cause that is no error', () => {
    const loop = new Error('loop')
    loop.cause = loop

    expect(recordError(loop)).toHaveLength(1)
    expect(recordError(new Error('x', { cause: 'text' })).map(({ type, message }) => [type, message])).toEqual([
      ['Error', 'x'],
      ['string', 'text'],
    ])
  })

  test.each([
    [undefined, 'undefined', 'undefined'],
    [null, 'object', 'null'],
    [7n, 'bigint', '7'],
    [{ a: 1 }, 'object', '{"a":1}'],
    [{ toJSON: () => undefined }, 'object', '[object Object]'],
    ['text', 'string', 'text'],
  ])('recordError() describes %o', (thrown, type, message) => {
    expect(recordError(thrown)).toEqual([{ type, message }])
  })

  test('recordError() cuts long messages, names and codes, and survives an error that cannot be read', () => {
    const long = Object.assign(new Error('m'.repeat(2_000)), { name: 'n'.repeat(200), code: 'c'.repeat(200) })
    const [record] = recordError(long)
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no')
      },
    })

    expect([record?.message.length, record?.type.length, record?.code?.length]).toEqual([1024, 128, 128])
    expect(record?.message.endsWith('…')).toBe(true)
    expect(recordError(new Error('m'.repeat(1024)))[0]?.message).toBe('m'.repeat(1024))
    expect(recordError(hostile)).toEqual([{ type: 'unknown', message: 'an error that cannot be read' }])
    const bare = new Error('x')
    bare.stack = 'no frames'
    expect(recordError(bare)[0]?.stack).toBe('')
  })
})

describe('fingerprintOf()', () => {
  const of = (message: string, part: { job?: string; verdict?: string; type?: string; code?: string } = {}) =>
    fingerprintOf(part.job ?? 'j', part.verdict ?? 'exhausted', [
      { type: part.type ?? 'Error', message, ...(part.code === undefined ? {} : { code: part.code }) },
    ])

  test('fingerprintOf() is equal for messages that differ in numbers, ids and quoted values', () => {
    expect(of('order 1 of "a" failed')).toBe(of('order 20 of "bcd" failed'))
    expect(of("user 'x' gone")).toBe(of("user 'yz' gone"))
    expect(of('id 0123456789ab gone')).toBe(of('id fedcba98765432 gone'))
    expect(of('id 7b1f5a52-0000-4000-8000-0123456789ab')).toBe(of('id 00000000-AAAA-4bbb-8ccc-ddddddddddda'))
    expect(of('x')).toMatch(/^[0-9a-f]{16}$/)
  })

  test('fingerprintOf() tells jobs, verdicts, types, codes and words apart, and goes by the root cause', () => {
    const all = [
      of('a failed'),
      of('b failed'),
      of('a failed', { job: 'k' }),
      of('a failed', { verdict: 'poison' }),
      of('a failed', { type: 'TypeError' }),
      of('a failed', { code: 'E' }),
      fingerprintOf('j', 'exhausted', [
        { type: 'Error', message: 'top' },
        { type: 'RootError', message: 'a failed' },
      ]),
      fingerprintOf('j', 'exhausted', []),
    ]

    expect(new Set(all).size).toBe(all.length)
    expect(
      fingerprintOf('j', 'x', [
        { type: 'A', message: '1' },
        { type: 'B', message: 'r' },
      ]),
    ).toBe(
      fingerprintOf('j', 'x', [
        { type: 'A', message: 'other' },
        { type: 'B', message: 'r' },
      ]),
    )
  })
})

describe('defineJob()', () => {
  const schema = z.object({})

  test('defineJob() has the defaults it documents, and cannot be changed', () => {
    const job = defineJob('a.b-c_1', { schema })

    expect(job).toMatchObject({ name: 'a.b-c_1', version: 1, upgrade: {}, timeoutMs: 60_000 })
    expect(job.retry).toEqual({ attempts: 5, baseMs: 1_000, capMs: 600_000, withinMs: 86_400_000 })
    expect([Object.isFrozen(job), Object.isFrozen(job.retry)]).toEqual([true, true])
  })

  test.each(['', 'A', '1a', 'a b', 'a'.repeat(65), 'ä'])('defineJob() throws a TypeError for the name %j', (name) => {
    expect(() => defineJob(name, { schema })).toThrow(TypeError)
    expect(defineJob('a'.repeat(64), { schema }).name).toHaveLength(64)
  })

  test.each([
    [{ version: 0 }, 'version'],
    [{ version: 1.5 }, 'version'],
    [{ retry: { attempts: 0 } }, 'retry.attempts'],
    [{ retry: { attempts: 101 } }, 'retry.attempts'],
    [{ retry: { baseMs: 0 } }, 'retry.baseMs'],
    [{ retry: { baseMs: 86_400_001 } }, 'retry.baseMs'],
    [{ retry: { baseMs: 100, capMs: 99 } }, 'retry.capMs'],
    [{ retry: { capMs: 86_400_001 } }, 'retry.capMs'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ timeoutMs: 86_400_001 }, 'timeoutMs'],
  ])('defineJob() throws a RangeError for %j that names %s', (options, what) => {
    expect(() => defineJob('j', { schema, ...options })).toThrow(RangeError)
    expect(() => defineJob('j', { schema, ...options })).toThrow(`${what} is`)
  })

  test('defineJob() takes the ends of its ranges, and asks for each upgrade', () => {
    const ends = { retry: { attempts: 100, baseMs: 86_400_000, capMs: 86_400_000 }, timeoutMs: 86_400_000 }
    expect(defineJob('j', { schema, ...ends }).retry.attempts).toBe(100)
    expect(defineJob('j', { schema, retry: { attempts: 1, baseMs: 1, capMs: 1 }, timeoutMs: 1 }).timeoutMs).toBe(1)
    expect(() => defineJob('j', { schema, version: 3, upgrade: { 1: () => ({}) } })).toThrow('upgrade[2]')
    expect(() => defineJob('j', { schema, version: 2 })).toThrow(TypeError)
    expect(() => defineJob('j', { schema, retry: { within: 'soon' as never } })).toThrow('retry.within of job j')
  })
})

describe('checkLedger()', () => {
  const sound = { enqueued: ['a', 'b'], completed: ['a'], dead: ['b'], starts: [{ id: 'a', fence: 1 }] }

  test('checkLedger() holds for a sound ledger, and for duplicates no more than were in flight', () => {
    const starts = [
      { id: 'a', fence: 1 },
      { id: 'b', fence: 1 },
      { id: 'a', fence: 2 },
    ]

    expect(checkLedger(sound)).toEqual({
      holds: true,
      lost: [],
      twice: [],
      unknown: [],
      fences: [],
      duplicates: 0,
      excess: 0,
    })
    expect(checkLedger({ ...sound, starts, inFlightAtFaults: 1 })).toMatchObject({
      holds: true,
      duplicates: 1,
      excess: 0,
    })
    expect(checkLedger({ ...sound, starts })).toMatchObject({ holds: false, duplicates: 1, excess: 1 })
  })

  test('checkLedger() names what was lost, ended twice, came from nowhere, or ran out of order', () => {
    expect(checkLedger({ ...sound, completed: [] })).toMatchObject({ holds: false, lost: ['a'] })
    expect(checkLedger({ ...sound, dead: ['a', 'b'] })).toMatchObject({ holds: false, twice: ['a'], lost: [] })
    expect(checkLedger({ ...sound, completed: ['a', 'z'] })).toMatchObject({ holds: false, unknown: ['z'] })
    expect(checkLedger({ ...sound, dead: ['b', 'y'] })).toMatchObject({ holds: false, unknown: ['y'] })
    const starts = [
      { id: 'a', fence: 2 },
      { id: 'a', fence: 2 },
    ]
    expect(checkLedger({ ...sound, starts, inFlightAtFaults: 9 })).toMatchObject({
      holds: false,
      fences: ['a: 2 after 2'],
    })
  })
})
