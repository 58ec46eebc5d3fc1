import type { Clock } from '@ops/core'
import { createTestClock } from '@ops/testing'
import type { Job } from 'bullmq'
import { describe, expect, test } from 'vitest'
import { Tenure } from '../src/tenure.ts'

const LOCK_MS = 1_000

/** A job asked for at `askedAt`, whose lock is there or not. */
function jobWith(held: boolean, askedAt = 0): Job {
  return { name: 'job', processedOn: askedAt, extendLock: async () => (held ? 1 : 0) } as unknown as Job
}

/** A job asked for and received at once. */
function received(tenure: Tenure, clock: Clock): Job {
  const job = jobWith(true, clock.now())
  tenure.note(job)
  return job
}

describe('Tenure', () => {
  test('isFresh() tells true for half of the lock, counted from before the job was asked for', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const job = jobWith(true, clock.now())
    await clock.advance(400)
    tenure.note(job)

    const atOnce = tenure.isFresh(job)
    await clock.advance(100)
    const atHalf = tenure.isFresh(job)
    await clock.advance(1)

    expect([atOnce, atHalf, tenure.isFresh(job)]).toEqual([true, true, false])
  })

  test('assertHeld() throws once the lock may have run out, and not before', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const job = received(tenure, clock)
    await clock.advance(LOCK_MS - 1)

    tenure.assertHeld(job)
    await clock.advance(1)

    expect(() => tenure.assertHeld(job)).toThrow(expect.objectContaining({ code: 'OPS_QUEUE_LOCK_LOST' }))
  })

  test('assertHeld() throws when only the wall went on, as in a machine that slept', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const job = received(tenure, clock)

    clock.jump(LOCK_MS)

    expect(() => tenure.assertHeld(job)).toThrow(expect.objectContaining({ kind: 'lock_lost' }))
  })

  test('isFresh() tells false when the wall was set back while time went on', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const job = received(tenure, clock)

    clock.jump(-60_000)
    await clock.advance(LOCK_MS)

    expect(tenure.isFresh(job)).toBe(false)
  })

  test('renew() gives the job its whole time again, and throws when another worker has it', async () => {
    const clock = createTestClock()
    const tenure = new Tenure(clock, LOCK_MS)
    const [mine, lost] = [jobWith(true), jobWith(false)]
    tenure.note(mine)
    await clock.advance(10 * LOCK_MS)

    await tenure.renew(mine, 'token')

    expect(tenure.isFresh(mine)).toBe(true)
    await expect(tenure.renew(lost, 'token')).rejects.toMatchObject({ code: 'OPS_QUEUE_LOCK_LOST' })
    expect(() => tenure.assertHeld(lost)).toThrow()
  })

  test('isFresh() tells false for a job that was never noted', () => {
    const tenure = new Tenure(createTestClock(), LOCK_MS)

    expect(tenure.isFresh(jobWith(true))).toBe(false)
  })
})
