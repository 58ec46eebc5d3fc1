import { createContext, runInContext } from '@ops/core'
import { describe, expect, test } from 'vitest'
import { createLogger } from '../src/index.ts'
import { captureLogs } from '../src/testing/index.ts'

function setUp(flightRecorder = {}) {
  const logs = captureLogs({ level: 'info', flightRecorder })
  return { ...logs, messages: () => logs.records().map(({ message }) => message) }
}

describe('logger with a flight recorder', () => {
  test('writes what a request did not write when it fails, in order', () => {
    const { logger, messages } = setUp()

    runInContext(createContext(), () => {
      logger.debug('one')
      logger.debug('two')
      logger.info('three')
      logger.error('failed')
      logger.debug('four')
    })

    expect(messages()).toEqual(['three', 'one', 'two', 'failed'])
  })

  test('writes nothing more when the request succeeds or another fails', () => {
    const { logger, messages } = setUp()

    runInContext(createContext(), () => logger.debug('of a'))
    runInContext(createContext(), () => logger.error('b failed'))
    logger.debug('outside')
    logger.error('outside failed')

    expect(messages()).toEqual(['b failed', 'outside failed'])
  })

  test('writes them when the trace is to be kept', () => {
    const { logger, messages } = setUp()
    const context = createContext()

    runInContext(context, () => {
      logger.debug('one')
      context.keep('slow')
      logger.info('done')
    })

    expect(messages()).toEqual(['one', 'done'])
  })

  test('keeps the newest lines and requests when there are more than it may hold', () => {
    const { logger, messages } = setUp({ maxLines: 2, maxRequests: 2 })
    const [first, second, third] = [createContext(), createContext(), createContext()]

    for (const context of [first, second, third]) {
      runInContext(context, () => {
        for (const name of ['a', 'b', 'c']) logger.debug(name)
      })
    }
    runInContext(first, () => logger.error('first'))
    runInContext(third, () => logger.error('third'))

    expect(messages()).toEqual(['first', 'b', 'c', 'third'])
  })

  test('redacts when it records, so that nothing secret is kept', () => {
    const { logger, lines } = setUp()

    runInContext(createContext(), () => {
      logger.debug({ password: 'hunter2' }, 'token=hunter2')
      logger.error('failed')
    })

    expect(lines).toHaveLength(2)
    expect(lines.join('')).not.toContain('hunter2')
  })

  test('createLogger() throws when limits are out of range', () => {
    for (const flightRecorder of [{ maxLines: 0 }, { maxRequests: 0 }, { maxLineLength: 1 }, { maxLines: 1.5 }]) {
      expect(() => createLogger({ service: 'x', flightRecorder })).toThrow(RangeError)
    }
  })
})
