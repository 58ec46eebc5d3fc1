/** Parts that hang or fail while a process stops. */
import { describe, expect, test } from 'vitest'
import { createTestLifecycle } from './drain.ts'

const times = { deadlineMs: 200, closeTimeoutMs: 50, flushTimeoutMs: 50 }
const hang = () => new Promise<void>(() => {})

describe('a stop', () => {
  test('goes past a pool whose close hangs, and closes the others', async () => {
    const { lifecycle, exits, logs } = createTestLifecycle(times)
    let closed = false
    lifecycle.onClose('first', () => void (closed = true))
    lifecycle.onClose('hangs', hang)

    const end = await lifecycle.stop()

    expect(closed).toBe(true)
    expect(exits).toEqual([1])
    expect(end.steps).toContainEqual(expect.objectContaining({ name: 'close hangs', outcome: 'cut' }))
    expect(logs.records.find(({ level }) => level === 'error')?.message).toBe('Step of the stop cut')
  })

  test('goes past a flush that hangs, and waits for the others', async () => {
    const { lifecycle, exits } = createTestLifecycle(times)
    let flushed = false
    lifecycle.onFlush('hangs', hang)
    lifecycle.onFlush('works', async () => void (flushed = true))

    const end = await lifecycle.stop()

    expect(flushed).toBe(true)
    expect(exits).toEqual([1])
    expect(end.steps).toContainEqual(expect.objectContaining({ name: 'flush hangs', outcome: 'cut' }))
  })

  test('goes past a drain that ignores its signal', async () => {
    const { lifecycle } = createTestLifecycle(times)
    lifecycle.onDrain('deaf', hang)

    const end = await lifecycle.stop()

    expect(end).toMatchObject({ code: 1 })
    expect(end.steps).toContainEqual(expect.objectContaining({ name: 'drain deaf', outcome: 'cut' }))
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['rejects without a reason', () => Promise.reject()],
  ] as [string, () => Promise<void>][])('reports a close that %s and goes on', async (_how, fail) => {
    const { lifecycle } = createTestLifecycle(times)
    let closed = false
    lifecycle.onClose('first', () => void (closed = true))
    lifecycle.onClose('fails', fail)

    const end = await lifecycle.stop()

    expect(closed).toBe(true)
    expect(end.steps).toContainEqual(
      expect.objectContaining({
        name: 'close fails',
        outcome: 'failed',
        error: expect.stringMatching(/broken|no reason/),
      }),
    )
  })

  test('closes everything at once when ten pools hang after the deadline', async () => {
    const { lifecycle } = createTestLifecycle({ ...times, deadlineMs: 100 })
    for (let i = 0; i < 10; i++) lifecycle.onClose(`pool ${i}`, hang)
    lifecycle.onDrain('deaf', hang)

    const end = await lifecycle.stop()

    expect(end.steps.filter(({ name, outcome }) => name.startsWith('close') && outcome === 'cut')).toHaveLength(10)
    expect(end.durationMs).toBeLessThan(1000)
  })
})
