import { counter, defineMetrics, gauge, histogram } from '@ops/core'
import { describe, expect, test } from 'vitest'
import { recordMetrics } from '../src/index.ts'

const catalog = defineMetrics({
  runs: counter('runs_total', { help: 'Runs', labels: { part: 'string', outcome: ['ok', 'failed'] } }),
  open: gauge('open', { help: 'Open', labels: { part: 'string' } }),
  took: histogram('took_seconds', { help: 'Took', labels: { part: 'string' } }),
})

describe('recordMetrics()', () => {
  test('value() sums the series that carry the labels', () => {
    const { meter, value } = recordMetrics()
    const { runs } = meter.instruments(catalog)

    runs.inc({ part: 'a', outcome: 'ok' })
    runs.bind({ outcome: 'ok', part: 'a' }).inc(2)
    runs.inc({ part: 'b', outcome: 'failed' }, 4)

    expect(value('runs_total')).toBe(7)
    expect(value('runs_total', { part: 'a' })).toBe(3)
    expect(value('runs_total', { part: 'c' })).toBe(0)
  })

  test('value() keeps series apart whose labels join to the same text', () => {
    const { meter, series } = recordMetrics()
    const { runs } = meter.instruments(catalog)

    runs.inc({ part: 'a","outcome":"ok', outcome: 'ok' })
    runs.inc({ part: 'a', outcome: 'ok' })

    expect(series('runs_total')).toHaveLength(2)
  })

  test('value() follows a gauge until it is removed', () => {
    const { meter, value } = recordMetrics()
    const { open } = meter.instruments(catalog)
    expect(value('open')).toBeUndefined()

    open.set({ part: 'a' }, 5)
    open.inc({ part: 'a' }, -2)
    expect(value('open', { part: 'a' })).toBe(3)

    open.remove({ part: 'a' })
    expect(value('open', { part: 'a' })).toBeUndefined()
  })

  test('observations() returns what a histogram observed, in order', () => {
    const { meter, observations, value } = recordMetrics()
    const { took } = meter.instruments(catalog)

    took.observe({ part: 'a' }, 0.5)
    took.bind({ part: 'a' }).observe(0.1)

    expect(observations('took_seconds', { part: 'a' })).toEqual([0.5, 0.1])
    expect(value('took_seconds')).toBe(2)
  })

  test('instruments() gives the same series when the declaration is registered twice', () => {
    const { meter, value } = recordMetrics()

    meter.instruments(catalog).open.set({ part: 'a' }, 1)
    meter.instruments(catalog).open.inc({ part: 'a' })

    expect(value('open')).toBe(2)
  })

  test('problems lists what a real meter would refuse, and nothing of it is recorded', () => {
    const { meter, problems, value } = recordMetrics()
    const { runs, took } = meter.instruments(catalog)

    runs.inc({ part: 'a', outcome: 'ok' }, -1)
    runs.inc({ part: 'a', outcome: 'other' as 'ok' })
    runs.inc({ part: 'a' } as never)
    runs.inc({ part: 'a', outcome: 'ok', tenant: 't' } as never)
    took.observe({ part: 'a' }, Number.NaN)

    expect(value('runs_total')).toBe(0)
    expect(problems).toEqual([
      'runs_total: value -1 is negative',
      'runs_total: label outcome has the value other outside its set',
      'runs_total: label outcome is missing',
      'runs_total: label tenant is not declared',
      'took_seconds: value NaN is not finite',
    ])
  })

  test('collect() runs the callbacks until they are taken off', async () => {
    const { meter, collect } = recordMetrics()
    let ran = 0
    const off = meter.onCollect(async () => void ran++)

    await collect()
    off()
    await collect()

    expect(ran).toBe(1)
  })

  test('value() throws when no such metric was declared', () => {
    expect(() => recordMetrics().value('runs_totl')).toThrow('Cannot read metric runs_totl')
  })
})
