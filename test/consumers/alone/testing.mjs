import assert from 'node:assert/strict'
import { createTestClock, recordLogs } from '@ops/testing'

const clock = createTestClock()
const { logger, records } = recordLogs()
clock.setTimeout(() => logger.info('awake'), 30_000)
await clock.advance(30_000)

assert.equal(records[0].message, 'awake')
