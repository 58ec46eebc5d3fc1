import { createContext, runInContext } from '@ops/core'
import { createTestClock } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { captureLogs } from '../src/testing/index.ts'

function setUp() {
  const clock = createTestClock()
  const logs = captureLogs({ level: 'info', clock })
  return { clock, ...logs, messages: () => logs.records().map(({ message }) => message) }
}

const inTenant = (tenant: string, fn: () => void) => runInContext(createContext({ tenant }), fn)

describe('logger.setLevel()', () => {
  test('reaches existing children at once when the default changes, and is logged', () => {
    const { logger, records, messages } = setUp()
    const child = logger.child({ component: 'db' })

    child.debug('before')
    logger.setLevel('debug', { by: 'ann' })
    child.debug('after')

    expect(messages()).toEqual(['log level changed', 'after'])
    expect(records()[0]?.context).toMatchObject({ level: 'debug', from: 'info', by: 'ann' })
    expect(child.level).toBe('debug')
  })

  test('reverts and logs it when the time is up', async () => {
    const { logger, clock, messages } = setUp()

    logger.setLevel('debug', { ttlMs: 60_000 })
    logger.setLevel('warn', { ttlMs: 30_000 })
    await clock.advance(30_000)
    logger.debug('no')
    logger.info('yes')

    expect(messages()).toEqual(['log level changed', 'log level changed', 'log level reverted', 'yes'])
    expect(logger.level).toBe('info')
  })

  test('applies to a component when one is named', () => {
    const { logger, messages } = setUp()
    const db = logger.child({ component: 'db' })

    logger.setLevel('debug', { component: 'db' })
    logger.debug('root')
    db.debug('db')
    db.child({ a: 1 }).debug('below db')

    expect(messages()).toEqual(['log level changed', 'db', 'below db'])
    expect(db.isLevelEnabled('debug')).toBe(true)
    expect(logger.isLevelEnabled('debug')).toBe(false)
  })

  test('applies to work of a tenant when one is named, and component and tenant together win', async () => {
    const { logger, clock, messages } = setUp()
    const db = logger.child({ component: 'db' })

    logger.setLevel('debug', { tenant: 'acme', ttlMs: 1000 })
    logger.setLevel('fatal', { component: 'db', tenant: 'acme' })
    inTenant('acme', () => {
      logger.debug('acme')
      db.error('silenced')
    })
    inTenant('other', () => logger.debug('other'))
    await clock.advance(1000)
    inTenant('acme', () => logger.debug('late'))

    expect(messages()).toEqual(['log level changed', 'log level changed', 'acme', 'log level reverted'])
  })

  test('can silence a component below the default when asked to', () => {
    const { logger, messages } = setUp()

    logger.setLevel('error', { component: 'noisy' })
    logger.child({ component: 'noisy' }).warn('no')
    logger.warn('yes')

    expect(messages()).toEqual(['log level changed', 'yes'])
  })

  test('levels() lists what is in force', () => {
    const { logger, clock } = setUp()

    logger.setLevel('debug', { component: 'db', tenant: 'acme', ttlMs: 1000, by: 'ann' })

    expect(logger.levels()).toEqual({
      level: 'info',
      rules: [{ level: 'debug', component: 'db', tenant: 'acme', by: 'ann', expiresAt: clock.now() + 1000 }],
    })
  })

  test('throws when the level, the time or the number of rules is out of range', () => {
    const { logger } = setUp()

    expect(() => logger.setLevel('loud' as never)).toThrow('Cannot use log level "loud"')
    expect(() => logger.setLevel('debug', { ttlMs: 0 })).toThrow(RangeError)
    for (let i = 0; i < 1000; i++) logger.setLevel('debug', { tenant: `t${i}` })
    expect(() => logger.setLevel('debug', { tenant: 'one more' })).toThrow('1000 exist')
  })

  test('keeps no timer when the logger is closed', async () => {
    const { logger, clock, messages } = setUp()

    logger.setLevel('debug', { ttlMs: 1000 })
    logger.setLevel('debug', { component: 'db', ttlMs: 1000 })
    await logger.close()
    await clock.advance(2000)

    expect(messages()).toEqual(['log level changed', 'log level changed'])
  })
})
