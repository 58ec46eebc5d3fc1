import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createScrubber } from '../src/index.ts'
import { captureLogs } from '../src/testing/index.ts'

const boom = () => {
  throw new Error('hostile')
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function cyclic(): object {
  const node: Record<string, unknown> = { list: [] }
  node['self'] = node
  ;(node['list'] as unknown[]).push(node, new Map([['n', node]]), new Set([node]))
  return node
}

function deep(depth: number): object {
  let node: object = { end: true }
  for (let i = 0; i < depth; i++) node = i % 2 === 0 ? { node } : [node]
  return node
}

function deepCause(depth: number): Error {
  let error = new Error('root')
  for (let i = 0; i < depth; i++) error = new Error(`e${i}`, { cause: error })
  return error
}

/** A Proxy whose every trap throws. */
function thorny(): object {
  const names = ['get', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'has'] as const
  return new Proxy({ a: 1 }, Object.fromEntries(names.map((name) => [name, boom])))
}

const HOSTILE: readonly (() => unknown)[] = [
  revoked,
  cyclic,
  thorny,
  () => deep(10_000),
  () => deepCause(5000),
  () => ({
    get a() {
      return boom()
    },
  }),
  () => ({ toJSON: boom }),
  () => ({
    toJSON() {
      return this
    },
  }),
  () => ({
    get toJSON() {
      return boom()
    },
  }),
  () => ({ [Symbol.toStringTag]: 'Headers' }),
  () =>
    Object.create({
      get [Symbol.toStringTag]() {
        return boom()
      },
    }),
  () => ({ constructor: null, valueOf: boom, toString: boom }),
  () => Object.create(null, { x: { get: boom, enumerable: true } }),
  () => new Proxy([], { get: boom }),
  () => new Proxy(new Error('x'), { get: boom }),
  () => Object.assign(new Error('x'), { message: revoked(), stack: 1n, cause: thorny() }),
  () =>
    new Map<unknown, unknown>([
      [revoked(), thorny()],
      [Number.NaN, cyclic()],
    ]),
  () => new Set([revoked(), 1n, Symbol('s')]),
  () => new Date(Number.NaN),
  () => Object.setPrototypeOf(new Date(0), null),
  () => 10n ** 400n,
  () => Symbol(),
  () => boom,
  () =>
    new (class {
      get secret() {
        return boom()
      }
    })(),
  () => '\ud800 lone \udfff',
  () => '\u0000\u001b[31m\u2028',
  () => -0,
  () => new Array(5),
  () => Object.assign([1, 2], { extra: true }),
  () =>
    new Proxy(
      {},
      {
        ownKeys: () => Array.from({ length: 10_000 }, (_, i) => `k${i}`),
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }),
        get: () => ({}),
      },
    ),
  () => new WeakRef({}),
  () => Promise.resolve(1),
  () => new Proxy(new Map(), {}),
  () => new SharedArrayBuffer(8),
  () => globalThis,
  () => process.env,
]

/** Makers, because fast-check itself looks into what it draws. */
type Make = () => unknown
const hostile = fc.constantFrom(...HOSTILE.map((make) => ({ make })))
const anything = fc
  .anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    maxDepth: 4,
  })
  .map((value): { make: Make } => ({ make: () => value }))
const either = fc.oneof(hostile, anything)
const value = fc.oneof(
  either,
  fc.array(either, { maxLength: 4 }).map((list): { make: Make } => ({ make: () => list.map(({ make }) => make()) })),
  fc.dictionary(fc.string(), either, { maxKeys: 5 }).map((members): { make: Make } => ({
    make: () => Object.fromEntries(Object.entries(members).map(([key, { make }]) => [key, make()])),
  })),
)

describe('logger', () => {
  test('writes exactly one line of JSON when given anything at all', () => {
    fc.assert(
      fc.property(value, value, fc.array(value, { maxLength: 3 }), (first, second, rest) => {
        const logs = captureLogs()
        ;(logs.logger.warn as (...args: unknown[]) => void)(
          first.make(),
          second.make(),
          ...rest.map(({ make }) => make()),
        )

        expect(logs.lines).toHaveLength(1)
        expect(logs.lines[0]?.indexOf('\n')).toBe((logs.lines[0]?.length ?? 0) - 1)
        expect(logs.records()[0]).toMatchObject({ level: 'warn', service: 'test' })
      }),
      { numRuns: 400 },
    )
  })

  test('child() takes anything as bindings when they are hostile', () => {
    fc.assert(
      fc.property(value, (bindings) => {
        const logs = captureLogs()
        logs.logger.child(bindings.make() as Record<string, unknown>).info('m')

        expect(logs.records()).toHaveLength(1)
      }),
      { numRuns: 200 },
    )
  })

  test.each(HOSTILE.map((make, i) => [i, make] as const))(
    'writes one line when given hostile value %i everywhere',
    (_i, make) => {
      const logs = captureLogs()

      logs.logger.info({ a: make(), b: [make()] }, 'fields')
      logs.logger.info(make() as object, 'first')
      logs.logger.error({ err: make() }, 'err')
      logs.logger.info('%s %o %j %d %i', make(), make(), make(), make(), make())
      logs.logger.audit({ a: make() }, 'audit')
      logs.logger.pino.info({ a: make() } as object, 'pino')

      expect(logs.records()).toHaveLength(5)
      expect(logs.auditLines).toHaveLength(1)
    },
  )
})

describe('scrubber', () => {
  test('value() gives JSON-safe copies and leaves its input alone when given anything', () => {
    const scrubber = createScrubber()
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        const before = JSON.stringify(input)
        const copy = scrubber.value(input)

        expect(JSON.stringify(input)).toBe(before)
        expect(JSON.parse(JSON.stringify(copy ?? null))).toEqual(copy ?? null)
      }),
    )
    for (const make of HOSTILE) expect(() => JSON.stringify(scrubber.value(make()))).not.toThrow()
  })

  test('text() hides any password when it stands in a known place', () => {
    const scrubber = createScrubber()
    const password = fc.stringMatching(/^[A-Za-z0-9!#$%*+./:?@^_~-]{6,40}$/).filter((text) => !/^\d+$/.test(text))
    const places: readonly ((text: string) => string)[] = [
      (text) => `password=${text}`,
      (text) => `x password: ${text} y`,
      (text) => `{"password":${JSON.stringify(text)}}`,
      (text) => `a {"password":${JSON.stringify(text)}} b`,
      (text) => JSON.stringify(JSON.stringify({ api_key: text })),
      (text) => `{ password: '${text}' }`,
      (text) => `?token=${encodeURIComponent(text)}&x=1`,
      (text) => `postgres://ann:${encodeURIComponent(text)}@db/x`,
    ]
    fc.assert(
      fc.property(password, fc.constantFrom(...places), (text, place) => {
        const clean = scrubber.text(place(`Q${text}Q7`))

        expect(clean).not.toContain(text)
        expect(clean).not.toContain(encodeURIComponent(text))
      }),
      { numRuns: 1000 },
    )
  })
})
