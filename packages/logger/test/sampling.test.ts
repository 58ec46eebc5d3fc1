import { createContext, runInContext } from '@ops/core'
import { createTestClock, recordMetrics } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { createLogger } from '../src/index.ts'
import { captureLogs } from '../src/testing/index.ts'

const info = { first: 2, thereafter: 3, perMs: 1000 }

describe('logger with sampling', () => {
  test('writes the first lines of a period and then each nth when one message repeats', async () => {
    const clock = createTestClock()
    const { logger, records } = captureLogs({ clock, sample: { info } })

    for (let i = 0; i < 10; i++) logger.info({ i }, 'tick')
    logger.info('other')
    await clock.advance(1000)

    const contexts = records().map(({ message, context }) => [message, context])
    expect(contexts).toEqual([
      ['tick', { i: 0 }],
      ['tick', { i: 1 }],
      ['tick', { i: 4 }],
      ['tick', { i: 7 }],
      ['other', undefined],
      ['tick', { suppressed: 6 }],
    ])
  })

  test('starts anew when the period is over', async () => {
    const clock = createTestClock()
    const { logger, records } = captureLogs({ clock, sample: { info: { first: 1, thereafter: 0, perMs: 1000 } } })

    logger.info('tick')
    logger.info('tick')
    await clock.advance(1000)
    logger.info('tick')

    expect(records()).toHaveLength(3)
  })

  test('never leaves out errors or kept traces', () => {
    const { logger, records } = captureLogs({ sample: { info: { first: 0, thereafter: 0, perMs: 1000 } } })
    const kept = createContext()
    kept.keep('asked')

    for (let i = 0; i < 5; i++) logger.error('failed')
    runInContext(kept, () => logger.info('kept'))
    logger.info('gone')

    expect(records().map(({ message }) => message)).toEqual(['failed', 'failed', 'failed', 'failed', 'failed', 'kept'])
  })

  test('sums up when flushed or closed before the period is over', async () => {
    const { logger, records } = captureLogs({ sample: { info: { first: 0, thereafter: 0, perMs: 60_000 } } })

    logger.info('a')
    logger.flush()
    logger.info('b')
    await logger.close()

    expect(records().map(({ message, context }) => [message, context])).toEqual([
      ['a', { suppressed: 1 }],
      ['b', { suppressed: 1 }],
    ])
  })

  test('stays bounded when messages never repeat', () => {
    const { logger, records } = captureLogs({ sample: { info: { first: 0, thereafter: 0, perMs: 60_000 } } })

    for (let i = 0; i < 3000; i++) logger.info(`message ${i}`)
    logger.flush()

    const lines = records()
    expect(lines).toHaveLength(1001)
    expect(lines.reduce((sum, { context }) => sum + Number(context?.['suppressed']), 0)).toBe(3000)
  })

  test('redacts summaries as it does lines', () => {
    const { logger, lines } = captureLogs({ sample: { info: { first: 0, thereafter: 0, perMs: 60_000 } } })

    logger.info('password=hunter2')
    logger.flush()

    expect(lines.join('')).not.toContain('hunter2')
  })

  test('createLogger() throws when a rule is out of range', () => {
    const make = (sample: object) => () => createLogger({ service: 'x', sample: sample as never })

    expect(make({ info: { first: -1, thereafter: 1, perMs: 1 } })).toThrow(RangeError)
    expect(make({ info: { first: 1, thereafter: 1, perMs: 0 } })).toThrow(RangeError)
    expect(make({ error: info })).toThrow('expected debug, info or warn')
  })
})

describe('logger counters', () => {
  test('tell lines, redactions, suppressed and dropped lines when collected', async () => {
    const metrics = recordMetrics()
    const { logger } = captureLogs({
      meter: metrics.meter,
      sample: { info: { first: 1, thereafter: 0, perMs: 60_000 } },
    })

    logger.info({ password: 'x' }, 'm')
    logger.info({ password: 'x' }, 'm')
    logger.warn('ada@example.com')
    await metrics.collect()
    logger.warn('w')
    await metrics.collect()

    expect(metrics.value('logger_lines_total', { level: 'warn' })).toBe(2)
    expect(metrics.value('logger_lines_total', { level: 'info' })).toBe(1)
    expect(metrics.value('logger_suppressed_total', { level: 'info' })).toBe(1)
    expect(metrics.value('logger_redactions_total', { detector: 'key' })).toBe(1)
    expect(metrics.value('logger_redactions_total', { detector: 'email' })).toBe(1)
  })
})
