import { formatTraceparent, tryParseTraceparent } from '@ops/core'
import { describe, expect, test } from 'vitest'

describe('tryParseTraceparent()', () => {
  const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  test('tryParseTraceparent() returns the ids and flags when the header is valid', () => {
    const parent = tryParseTraceparent(valid)

    expect(parent).toEqual({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 })
    expect(formatTraceparent(parent as NonNullable<typeof parent>)).toBe(valid)
  })
})
