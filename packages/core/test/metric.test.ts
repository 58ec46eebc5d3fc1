import { counter, DURATION_BUCKETS, defineMetrics, gauge, histogram, noopMeter } from '@ops/core'
import { describe, expect, test } from 'vitest'

const help = 'Things that happened'

test('counter(), gauge() and histogram() return plain data when the declaration is valid', () => {
  const labels = { route: 'string', outcome: ['ok', 'failed'] } as const

  expect(counter('things_total', { help, labels })).toEqual({ kind: 'counter', name: 'things_total', help, labels })
  expect(gauge('things', { help })).toEqual({ kind: 'gauge', name: 'things', help, labels: {} })
  expect(histogram('thing_seconds', { help, buckets: [1, 2] })).toMatchObject({ kind: 'histogram', buckets: [1, 2] })
})

test('histogram() has an edge at each threshold of the standard when no buckets are given', () => {
  expect(histogram('thing_seconds', { help }).buckets).toBe(DURATION_BUCKETS)
  expect(DURATION_BUCKETS).toEqual(expect.arrayContaining([0.5, 2]))
})

test('counter() throws a TypeError when the name does not end in _total', () => {
  expect(() => counter('things', { help })).toThrow(
    new TypeError('Cannot declare counter things: expected a name that ends in _total'),
  )
})

describe.each([
  ['counter', (name: string) => counter(`${name}_total`, { help })],
  ['gauge', (name: string) => gauge(name, { help })],
  ['histogram', (name: string) => histogram(name, { help })],
])('%s()', (_kind, declare) => {
  test.each(['Things', '1things', 'things-per-second', 'thïngs', 'a b', ''])(
    `${_kind}() throws a TypeError when the name is %j`,
    (name) => {
      expect(() => declare(name === '' ? ' ' : name)).toThrow(TypeError)
    },
  )
})

test.each(['le', 'Route', 'a-b', '__name__', ''])('gauge() throws a TypeError when a label is called %j', (label) => {
  expect(() => gauge('things', { help, labels: { [label]: 'string' } })).toThrow(
    `Cannot declare metric things: label ${JSON.stringify(label)}, expected`,
  )
})

test.each([
  ['empty', []],
  ['equal', [1, 1]],
  ['falling', [2, 1]],
  ['infinite', [1, Number.POSITIVE_INFINITY]],
  ['not a number', [Number.NaN]],
])('histogram() throws a TypeError when the buckets are %s', (_what, buckets) => {
  expect(() => histogram('thing_seconds', { help, buckets })).toThrow(`buckets are [${buckets}], expected finite`)
})

test('defineMetrics() returns the catalogue itself when every name is declared once', () => {
  const catalog = { done: counter('done_total', { help }), open: gauge('open', { help }) }

  expect(defineMetrics(catalog)).toBe(catalog)
})

test('defineMetrics() throws a TypeError that names the metric when it is declared twice', () => {
  expect(() => defineMetrics({ a: gauge('open', { help }), b: gauge('open', { help }) })).toThrow(
    new TypeError('Cannot declare metric open: declared twice, expected one declaration a name'),
  )
})

test('noopMeter.instruments() gives every instrument of the catalogue when nobody records', () => {
  const catalog = defineMetrics({
    done: counter('done_total', { help, labels: { outcome: ['ok'] } }),
    open: gauge('open', { help }),
    took: histogram('took_seconds', { help }),
  })

  const { done, open, took } = noopMeter.instruments(catalog)

  done.inc({ outcome: 'ok' })
  done.bind({ outcome: 'ok' }).inc(2)
  open.set({}, 1)
  open.bind({}).inc(-1)
  open.remove({})
  took.observe({}, 0.1)
  took.bind({}).observe(0.1)
  expect(noopMeter.onCollect(() => {})).toBeTypeOf('function')
})

test('noopMeter calls no collector, named or not', () => {
  let calls = 0
  const collect = () => void calls++

  noopMeter.onCollect(collect)()
  noopMeter.onCollect(collect, { name: 'things' })()

  expect(calls).toBe(0)
})
