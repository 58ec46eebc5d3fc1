import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { trace } from '@opentelemetry/api'
import { createContext, createSecretRegistry, OpsError, runInContext } from '@ops/core'
import { recordSpans } from '@ops/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createScrubber } from '../src/index.ts'
import { captureLogs } from '../src/testing/index.ts'

const contextOf = (fields: object): Readonly<Record<string, unknown>> => {
  const { logger, records } = captureLogs()
  logger.info(fields, 'm')
  return records()[0]?.context ?? {}
}

describe('logger limits', () => {
  test('cut depth, keys, items, text and nodes with markers that say how much is missing', () => {
    let deep: object = { end: 1 }
    for (let i = 0; i < 20; i++) deep = { deep }
    const wide = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`k${i}`, i]))
    const many = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => ({})))

    const context = contextOf({
      deep,
      wide,
      list: Array.from({ length: 250 }, (_, i) => i),
      text: 'x'.repeat(40_000),
      many,
    })

    expect(JSON.stringify(context['deep']).match(/"deep":/g)).toHaveLength(11)
    expect(JSON.stringify(context['deep'])).toContain('[Truncated 1]')
    expect(context['wide']).toMatchObject({ k199: 199, '…': '[Truncated 50]' })
    expect((context['list'] as unknown[]).at(-1)).toBe('[Truncated 50]')
    expect(context['text']).toBe(`${'x'.repeat(32_768)}[Truncated ${40_000 - 32_768}]`)
    expect(JSON.stringify(context['many']).match(/\{\}/g)?.length).toBeLessThan(5000)
  })

  test('read each value once when getters count', () => {
    let reads = 0
    const counted = {
      get a() {
        return ++reads
      },
    }

    expect(contextOf({ counted })).toEqual({ counted: { a: 1 } })
    expect(reads).toBe(1)
  })

  test('mark parts that throw and keep the rest', () => {
    const bad = {
      before: 1,
      get bad() {
        throw new Error('no')
      },
      after: 2,
    }

    expect(contextOf({ bad, ok: true })).toEqual({ bad: { before: 1, bad: '[Throws: no]', after: 2 }, ok: true })
  })

  test('mark what contains itself', () => {
    const node: Record<string, unknown> = { a: 1 }
    node['self'] = node
    const shared = { b: 2 }

    expect(contextOf({ node, twice: [shared, shared] })).toEqual({
      node: { a: 1, self: '[Circular]' },
      twice: [{ b: 2 }, { b: 2 }],
    })
  })
})

describe('logger values', () => {
  test('become JSON that says what they are', () => {
    const values = {
      date: new Date(0),
      bad_date: new Date(Number.NaN),
      big: 10n,
      nan: Number.NaN,
      symbol: Symbol('s'),
      bytes: Buffer.from('abc'),
      view: new Uint16Array(4),
      map: new Map<unknown, unknown>([
        ['a', 1],
        [2, 'b'],
      ]),
      set: new Set([1, 'x']),
      url: new URL('https://example.com/a'),
      regexp: /a+/g,
      boxed: new Number(3),
      none: null,
      missing: undefined,
      fn: () => 1,
      list: [undefined, () => 1, null],
      promise: Promise.resolve(),
    }

    expect(contextOf(values)).toEqual({
      date: '1970-01-01T00:00:00.000Z',
      bad_date: null,
      big: '10',
      nan: 'NaN',
      symbol: 'Symbol(s)',
      bytes: '[Buffer 3]',
      view: '[TypedArray 8]',
      map: { a: 1, 2: 'b' },
      set: [1, 'x'],
      url: 'https://example.com/a',
      regexp: '/a+/g',
      boxed: 3,
      none: null,
      list: [null, null, null],
      promise: '[Promise]',
    })
  })

  test('are reduced when they are requests and responses', () => {
    const req = Object.assign(new IncomingMessage(new Socket()), {
      method: 'GET',
      url: '/a?token=x1y2z3',
      headers: { cookie: 'a=b', host: 'h' },
    })
    const res = Object.assign(new ServerResponse(req), { statusCode: 503 })

    expect(contextOf({ req, res })).toEqual({
      req: { method: 'GET', url: '/a?token=[Redacted]', headers: { cookie: '[Redacted]', host: 'h' } },
      res: { status: 503 },
    })
  })

  test('mask people and keep them apart', () => {
    expect(
      contextOf({
        email: 'jane@example.com',
        phone: '+1 (415) 555-1234',
        first_name: 'Jane',
        user: { name: 'Jane', id: 7 },
      }),
    ).toEqual({
      email: 'j***@example.com',
      phone: '***-***-1234',
      first_name: 'J***',
      user: { name: 'J***', id: 7 },
    })
  })

  test('obey keys the application names', () => {
    const { logger, records } = captureLogs({ secretKeys: ['internal_ref'], plainKeys: ['token'] })

    logger.info({ internal_ref: 'r-1', token: 'colour', other: 'token=x' }, 'm')

    expect(records()[0]?.context).toEqual({ internal_ref: '[Redacted]', token: 'colour', other: 'token=x' })
  })
})

describe('logger errors', () => {
  test('carry type, message, stack, code, cause and errors and are not changed', () => {
    const { logger, records } = captureLogs()
    const error = Object.freeze(
      Object.assign(new AggregateError([new TypeError('one')], 'many', { cause: 'why' }), { code: 'E_MANY' }),
    )
    const before = error.stack

    logger.error(error, 'failed')

    expect(records()[0]?.error).toMatchObject({
      type: 'AggregateError',
      message: 'many',
      code: 'E_MANY',
      cause: 'why',
      errors: [{ type: 'TypeError', message: 'one' }],
    })
    expect(Object.keys(records()[0]?.error ?? {})).toEqual(['type', 'message', 'stack', 'code', 'cause', 'errors'])
    expect(error.stack).toBe(before)
  })

  test('of HTTP clients are reduced to method, URL and status', () => {
    const { logger, records } = captureLogs()
    const config = { method: 'post', url: 'https://api.example.com/pay', headers: { authorization: 'x' }, data: 'y' }

    logger.error(
      Object.assign(new Error('Request failed'), {
        isAxiosError: true,
        config,
        response: { status: 502, data: 'z', config },
      }),
    )

    const { stack, ...error } = records()[0]?.error ?? {}
    expect(stack).toContain('Request failed')
    expect(error).toEqual({
      type: 'Error',
      message: 'Request failed',
      method: 'post',
      url: 'https://api.example.com/pay',
      status: 502,
    })
  })

  test('of @ops carry their details', () => {
    const { logger, records } = captureLogs()

    logger.error(new OpsError('x', { code: 'OPS_X_Y', details: { retryAfterMs: 5, token: 'abc' } }))

    expect(records()[0]?.error).toMatchObject({ code: 'OPS_X_Y', details: { retryAfterMs: 5, token: '[Redacted]' } })
  })
})

describe('logger identity', () => {
  test('comes from the active span when there is no unit of work', () => {
    const spans = recordSpans()
    onTestFinished(() => spans.stop())
    const { logger, records } = captureLogs()

    trace.getTracer('t').startActiveSpan('s', (span) => {
      logger.info('m')
      const { traceId, spanId } = span.spanContext()
      expect(records()[0]).toMatchObject({ trace_id: traceId, span_id: spanId })
      span.end()
    })
  })

  test('follows the tenant and user when they are named later', () => {
    const { logger, records } = captureLogs()
    const context = createContext()

    runInContext(context, () => {
      logger.info('before')
      context.identify({ tenant: 'acme', userId: 'u-1' })
      logger.info('after')
    })

    expect(records()[0]).not.toHaveProperty('tenant')
    expect(records()[1]).toMatchObject({ tenant: 'acme', user_id: 'u-1', trace_id: context.traceId })
  })

  test('is left out when there is none', () => {
    const { logger, records } = captureLogs()

    logger.info('m')

    expect(Object.keys(records()[0] ?? {})).toEqual(['timestamp', 'level', 'service', 'message'])
  })
})

describe('createScrubber()', () => {
  test('value() and text() follow the policy of lines', () => {
    const secrets = createSecretRegistry()
    const scrubber = createScrubber({ secrets })
    secrets.add('rotated-77')

    expect(scrubber.text('it is rotated-77')).toBe('it is [Redacted]')
    expect(scrubber.value('x', 'password')).toBe('[Redacted]')
    expect(scrubber.value({ a: { token: 'x' }, b: [1, 'rotated-77'] })).toEqual({
      a: { token: '[Redacted]' },
      b: [1, '[Redacted]'],
    })
    expect(scrubber.value(5, 'http.status_code')).toBe(5)
    expect(scrubber.value(undefined)).toBeUndefined()
    expect(scrubber.value(() => 1)).toBeUndefined()
  })

  test('value() does not change what it is given', () => {
    const input = { password: 'x', list: [{ token: 'y' }] }

    createScrubber().value(input)

    expect(input).toEqual({ password: 'x', list: [{ token: 'y' }] })
  })
})
