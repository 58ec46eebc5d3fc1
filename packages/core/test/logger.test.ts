import { LOG_LEVELS, silentLogger } from '@ops/core'
import { expect, test } from 'vitest'

test('silentLogger takes every call and reports every level as off when nobody listens', () => {
  const child = silentLogger.child({ part: 'orders' })

  for (const level of LOG_LEVELS) {
    child[level]({ id: 1 }, 'message')
    child[level]('message')
    expect(child.isLevelEnabled(level)).toBe(false)
  }
})

test('LOG_LEVELS lists the severities of the standard when read from least to most', () => {
  expect(LOG_LEVELS).toEqual(['debug', 'info', 'warn', 'error', 'fatal'])
})
