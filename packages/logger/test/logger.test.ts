import { createContext, runInContext } from '@ops/core'
import { describe, expect, test } from 'vitest'
import { createLogger, type LoggerOptions } from '../src/index.ts'

function setUp(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push(line) }
  const logger = createLogger({ service: 'orders', version: '1.2.3', env: 'test', destination, ...options })
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line)) }
}

describe('createLogger()', () => {
  test('logger.info() writes the contract members in their order when inside a unit of work', () => {
    const { logger, lines } = setUp()

    const context = createContext({ tenant: 'acme', userId: 'u-1' })
    runInContext(context, () => logger.info({ order_id: 42 }, 'order placed'))

    const line = JSON.parse(lines[0] as string)
    expect(Object.keys(line)).toEqual([
      'timestamp',
      'level',
      'service',
      'version',
      'env',
      'message',
      'trace_id',
      'span_id',
      'request_id',
      'tenant',
      'user_id',
      'context',
    ])
    expect(line).toMatchObject({ level: 'info', message: 'order placed', context: { order_id: 42 }, tenant: 'acme' })
    expect(line.trace_id).toBe(context.traceId)
    expect(line.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(lines[0]?.endsWith('}\n')).toBe(true)
  })

  test('logger.info() keeps callers from forging reserved members when fields have their names', () => {
    const { logger, parsed } = setUp()

    logger.info({ level: 'fatal', trace_id: 'x', tenant: 'y', timestamp: 0 }, 'm')

    expect(parsed()[0]).toMatchObject({ level: 'info', context: { level: 'fatal', trace_id: 'x', tenant: 'y' } })
    expect(parsed()[0]).not.toHaveProperty('tenant')
  })

  test('logger.error() writes the error in its place when it is given first, as err, as error or last', () => {
    const { logger, parsed } = setUp()
    const error = new TypeError('boom', { cause: new Error('root') })

    logger.error(error, 'failed')
    logger.error({ err: error, a: 1 }, 'failed')
    logger.error({ error, a: 1 }, 'failed')
    logger.error('failed', error)
    logger.error({ a: 1 }, 'failed', error)

    for (const line of parsed()) {
      expect(line.message).toBe('failed')
      expect(line.error).toMatchObject({
        type: 'TypeError',
        message: 'boom',
        cause: { type: 'Error', message: 'root' },
      })
      expect(line.context ?? {}).not.toHaveProperty('err')
    }
  })

  test('logger.child() adds bindings that fields of the same key replace', () => {
    const { logger, parsed } = setUp()

    const child = logger.child({ component: 'db', shard: 1, token: 'abc' }).child({ shard: 2 })
    child.info({ shard: 3 }, 'm')
    child.info('m')

    expect(parsed().map(({ context }) => context)).toEqual([
      { component: 'db', token: '[Redacted]', shard: 3 },
      { component: 'db', shard: 2, token: '[Redacted]' },
    ])
  })

  test('createLogger() throws when the options are unusable', () => {
    expect(() => createLogger({ service: '' })).toThrow(TypeError)
    expect(() => createLogger({ service: 'x', level: 'loud' as never })).toThrow('expected one of debug')
    expect(() => createLogger({ service: 'x', destination: {} as never })).toThrow('expected an object with write')
  })

  test('log methods work when taken off the logger', () => {
    const { logger, parsed } = setUp()
    const { warn } = logger

    warn('alone')

    expect(parsed()[0].message).toBe('alone')
  })
})
