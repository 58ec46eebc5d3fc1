import { expect, test } from 'vitest'
import { ALWAYS, NEVER, thresholdOf } from '../src/threshold.ts'
import { readCallerSampling, withThreshold } from '../src/trace-state.ts'

test('withThreshold() replaces the threshold and keeps other members and fields', () => {
  const state = withThreshold('vendor=a:b,ot=th:c;rv:0123456789abcd;x:y,other=1', thresholdOf(0.5))

  expect(state?.serialize()).toBe('ot=th:8;rv:0123456789abcd;x:y,vendor=a:b,other=1')
})

test('withThreshold() takes the threshold out when there is none to tell', () => {
  expect(withThreshold('ot=th:c,vendor=1', undefined)?.serialize()).toBe('vendor=1')
  expect(withThreshold('ot=th:c', undefined)).toBeUndefined()
  expect(withThreshold('ot=th:c;rv:0123456789abcd', NEVER)?.serialize()).toBe('ot=rv:0123456789abcd')
  expect(withThreshold(undefined, undefined)).toBeUndefined()
})

test('withThreshold() writes the shortest form', () => {
  expect(withThreshold(undefined, ALWAYS)?.serialize()).toBe('ot=th:0')
  expect(withThreshold(undefined, thresholdOf(0.25))?.serialize()).toBe('ot=th:c')
})

test('readCallerSampling() reads threshold and randomness when they are well formed', () => {
  expect(readCallerSampling('a=b,ot=rv:0123456789abcd;th:e66')).toEqual({
    threshold: 'e6600000000000',
    randomness: '0123456789abcd',
  })
})

test.each([undefined, '', 'vendor=1', 'ot=', 'ot=th:', 'ot=th:XYZ', 'ot=th:000000000000001', 'ot=rv:12', 'xot=th:8'])(
  'readCallerSampling() says nothing when the state is %j',
  (state) => {
    expect(readCallerSampling(state)).toEqual({ threshold: undefined, randomness: undefined })
  },
)
