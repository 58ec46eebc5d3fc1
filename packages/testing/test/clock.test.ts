import { sleep } from '@ops/core'
import { describe, expect, test } from 'vitest'
import { createTestClock } from '../src/index.ts'

describe('createTestClock()', () => {
  test('advance() runs timers in due order, first set first among equals', async () => {
    const clock = createTestClock()
    const ran: string[] = []
    clock.setTimeout(() => ran.push('late'), 30)
    clock.setTimeout(() => ran.push('first'), 10)
    clock.setTimeout(() => ran.push('second'), 10)

    await clock.advance(29)
    expect(ran).toEqual(['first', 'second'])

    await clock.advance(1)
    expect(ran).toEqual(['first', 'second', 'late'])
  })

  test('advance() runs timers that promises set between two others', async () => {
    const clock = createTestClock()
    const ran: number[] = []
    const work = async () => {
      await sleep(10, { clock })
      ran.push(clock.monotonic())
      await sleep(10, { clock })
      ran.push(clock.monotonic())
    }
    const done = work()
    const start = clock.monotonic()
    clock.setTimeout(() => ran.push(clock.monotonic()), 25)

    await clock.advance(25)
    await done

    expect(ran).toEqual([start + 10, start + 20, start + 25])
  })

  test('setInterval() fires once a period until cancelled', async () => {
    const clock = createTestClock()
    let ticks = 0
    const timer = clock.setInterval(() => ticks++, 100)

    await clock.advance(350)
    timer.cancel()
    await clock.advance(1000)

    expect(ticks).toBe(3)
    expect(clock.pendingTimers).toBe(0)
  })

  test('jump() moves the wall time alone when the time of day is set back', async () => {
    const clock = createTestClock({ startMs: 10_000 })
    let fired = false
    clock.setTimeout(() => (fired = true), 5)
    const before = clock.monotonic()

    clock.jump(-9000)

    expect(clock.now()).toBe(1000)
    expect(clock.monotonic()).toBe(before)
    expect(fired).toBe(false)
  })

  test('waitForTimers() resolves when the n-th timer is set', async () => {
    const clock = createTestClock()
    const waiting = clock.waitForTimers(2)
    setImmediate(() => {
      clock.setTimeout(() => {}, 1)
      clock.setTimeout(() => {}, 1)
    })

    await waiting

    expect(clock.pendingTimers).toBe(2)
  })

  test('waitForTimers() rejects with OPS_TESTING_TIMEOUT when the timers never come', async () => {
    const clock = createTestClock()
    clock.setTimeout(() => {}, 1)

    await expect(clock.waitForTimers(2, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'OPS_TESTING_TIMEOUT',
      message: expect.stringContaining('1 pending'),
    })
  })

  test('advance() rejects with what a callback throws, and goes on when called again', async () => {
    const clock = createTestClock()
    clock.setTimeout(() => {
      throw new Error('broken timer')
    }, 5)
    let later = false
    clock.setTimeout(() => (later = true), 6)

    await expect(clock.advance(10)).rejects.toThrow('broken timer')
    await clock.advance(1)

    expect(later).toBe(true)
  })

  test('advance() runs one after the other when called twice', async () => {
    const clock = createTestClock()
    const start = clock.monotonic()

    await Promise.all([clock.advance(5), clock.advance(7)])

    expect(clock.monotonic()).toBe(start + 12)
  })

  test.each([-1, Number.NaN, 2_147_483_648])('setTimeout() throws RangeError when the delay is %d', (delay) => {
    expect(() => createTestClock().setTimeout(() => {}, delay)).toThrow(RangeError)
  })

  test('setInterval() throws RangeError when the period is 0', () => {
    expect(() => createTestClock().setInterval(() => {}, 0)).toThrow(RangeError)
  })

  test('advance() rejects when time would go back', async () => {
    await expect(createTestClock().advance(-1)).rejects.toThrow(RangeError)
  })
})
