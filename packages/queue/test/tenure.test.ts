import { createTestClock } from '@ops/testing'
import type { Job } from 'bullmq'
import { describe, expect, test } from 'vitest'
import { Tenure } from '../src/tenure.ts'

const LOCK_MS = 1_000

/** A job whose lock is there or not. */
function jobWith(held: boolean): Job {
  return { name: 'job', extendLock: async () => (held ? 1 : 0) } as unknown as Job
}

describe('Tenure', () => {
  test('isFresh() tells true for half of the lock, counted from before the job was asked for', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const job = await tenure.fetch(async () => {
      await clock.advance(400)
      return jobWith(true)
    })

    const atOnce = tenure.isFresh(job)
    await clock.advance(100)
    const atHalf = tenure.isFresh(job)
    await clock.advance(1)

    expect([atOnce, atHalf, tenure.isFresh(job)]).toEqual([true, true, false])
  })

  test('assertHeld() throws once the lock may have run out, and not before', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const job = await tenure.fetch(async () => jobWith(true))
    await clock.advance(LOCK_MS - 1)

    tenure.assertHeld(job)
    await clock.advance(1)

    expect(() => tenure.assertHeld(job)).toThrow(expect.objectContaining({ code: 'OPS_QUEUE_LOCK_LOST' }))
  })

  test('assertHeld() throws when only the wall went on, as in a machine that slept', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const job = await tenure.fetch(async () => jobWith(true))

    clock.jump(LOCK_MS)

    expect(() => tenure.assertHeld(job)).toThrow(expect.objectContaining({ kind: 'lock_lost' }))
  })

  test('isFresh() tells false when the wall was set back while time went on', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const job = await tenure.fetch(async () => jobWith(true))

    clock.jump(-60_000)
    await clock.advance(LOCK_MS)

    expect(tenure.isFresh(job)).toBe(false)
  })

  test('renew() gives the job its whole time again, and throws when another worker has it', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const [mine, lost] = [jobWith(true), jobWith(false)]
    await tenure.fetch(async () => mine)
    await clock.advance(10 * LOCK_MS)

    await tenure.renew(mine, 'token')

    expect(tenure.isFresh(mine)).toBe(true)
    await expect(tenure.renew(lost, 'token')).rejects.toMatchObject({ code: 'OPS_QUEUE_LOCK_LOST' })
    expect(() => tenure.assertHeld(lost)).toThrow()
  })

  test('isFresh() tells false for a job that it never saw asked for', () => {
    const tenure = new Tenure(createTestClock(), LOCK_MS)

    expect(tenure.isFresh(jobWith(true))).toBe(false)
  })
})
