import { describe, expect, test } from 'vitest'
import { recordLogs } from '../src/index.ts'

describe('recordLogs()', () => {
  test('records level, message and fields over the bindings when a child writes', () => {
    const { logger, records } = recordLogs()

    logger.child({ part: 'pool', attempt: 0 }).warn({ attempt: 2 }, 'retrying')

    expect(records).toEqual([
      { level: 'warn', message: 'retrying', fields: { part: 'pool', attempt: 2 }, error: undefined },
    ])
  })

  test('records the error when it stands alone or among the fields', () => {
    const { logger, records } = recordLogs()
    const error = new Error('gone')

    logger.error(error)
    logger.error({ error, key: 1 }, 'failed')
    logger.error({ err: error }, 'failed')

    expect(records.map((record) => record.error)).toEqual([error, error, error])
    expect(records[0]?.message).toBe('gone')
    expect(records[1]?.fields).toEqual({ error, key: 1 })
  })

  test('discards what is below the level', () => {
    const { logger, records } = recordLogs('warn')

    logger.info('quiet')
    logger.fatal('loud')

    expect(records.map((record) => record.message)).toEqual(['loud'])
    expect(logger.isLevelEnabled('info')).toBe(false)
    expect(logger.isLevelEnabled('warn')).toBe(true)
  })
})
