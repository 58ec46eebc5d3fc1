import { waitFor } from '@ops/testing'
import { Queue as BullQueue } from 'bullmq'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob, type JobRun, type Queue } from '../src/index.ts'
import { asTenant, closing, connect, connectQueue, startWorker } from './fixture.ts'

const job = defineJob('job', { schema: z.object({ n: z.number() }), retry: { attempts: 1 } })

/** A queue with `count` dead letters, and a switch that heals the other side. */
async function breakdown(count: number) {
  const queue = await connectQueue([job])
  const state = { broken: true, fences: [] as number[] }
  await startWorker(queue, {
    job: ({ n }: { n: number }, run: JobRun) => {
      state.fences.push(run.fence)
      if (state.broken || n < 0) throw new Error(`order ${n} failed`)
    },
  })
  const entries = Array.from({ length: count }, (_, n) => ({ payload: { n } }))
  await asTenant('acme', () => queue.enqueueBulk(job, entries))
  await waitFor(async () => (await queue.status()).dead === count)
  return { queue, state }
}

const settled = (queue: Queue) =>
  waitFor(async () => {
    const { waiting, active, delayed } = await queue.status()
    return waiting + active + delayed === 0
  })

describe('dead letters', () => {
  test('groups() puts together what failed alike', async () => {
    const { queue } = await breakdown(5)

    const groups = await queue.dead.groups()

    expect(groups).toMatchObject([{ job: 'job', verdict: 'exhausted', count: 5 }])
    expect(await queue.dead.list({ fingerprint: groups[0]?.fingerprint as string, limit: 2 })).toHaveLength(2)
    expect(await queue.dead.list({ tenant: 'other' })).toEqual([])
  })

  test('redrive() changes nothing when it is a dry run', async () => {
    const { queue } = await breakdown(3)

    const report = await queue.dead.redrive({}, { dryRun: true })

    expect(report).toMatchObject({ matched: 3, refused: [], canary: 'none' })
    expect(Object.keys(report.redriven)).toHaveLength(3)
    expect((await queue.status()).dead).toBe(3)
  })

  test('redrive() brings all back with tenant, lineage and rising fences when the canary lives', async () => {
    const { queue, state } = await breakdown(6)
    state.broken = false

    const report = await queue.dead.redrive({ tenant: 'acme' }, { canary: 2, ratePerSecond: 1_000 })
    await settled(queue)

    expect(report.canary).toBe('passed')
    expect(await queue.status()).toMatchObject({ completed: 6, dead: 0 })
    expect(state.fences.toSorted()).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
  })

  test('redrive() leaves the rest dead when the canary dies', async () => {
    const { queue } = await breakdown(6)

    const report = await queue.dead.redrive({}, { canary: 2, ratePerSecond: 1_000 })
    await settled(queue)

    expect(report.canary).toBe('failed')
    expect(Object.keys(report.redriven)).toHaveLength(2)
    const letters = await queue.dead.list()
    expect(letters).toHaveLength(6)
    expect(letters.filter(({ lineage }) => lineage.length === 1)).toHaveLength(2)
  })

  test('redrive() validates an edited payload', async () => {
    const { queue, state } = await breakdown(2)
    state.broken = false

    const refused = await queue.dead.redrive({}, { edit: () => ({ n: 'x' }) })
    const taken = await queue.dead.redrive(
      {},
      { edit: (payload) => ({ n: (payload as { n: number }).n + 10 }), ratePerSecond: 1_000 },
    )
    await settled(queue)

    expect(refused.refused).toHaveLength(2)
    expect(Object.keys(taken.redriven)).toHaveLength(2)
    expect((await queue.status()).completed).toBe(2)
  })

  test('discard() forgets what matches', async () => {
    const { queue } = await breakdown(3)
    const [first] = await queue.dead.list()

    expect(await queue.dead.discard({ id: first?.id as string })).toBe(1)
    expect((await queue.status()).dead).toBe(2)
  })

  test('a worker buries at its start what failed outside this package', async () => {
    const queue = await connectQueue([job])
    const redis = await connect()
    const { id } = await queue.enqueue(job, { n: 1 })
    const bull = new BullQueue(queue.name, { connection: redis as never, prefix: `{ops:${queue.name}}` })
    closing(() => bull.close())
    const prefix = `{ops:${queue.name}}:${queue.name}`
    await redis.lrem(`${prefix}:wait`, 1, id)
    await redis.zadd(`${prefix}:failed`, Date.now(), id)

    await startWorker(queue, { job: () => {} })

    await waitFor(async () => (await queue.status()).dead === 1)
    expect(await queue.dead.show(id)).toMatchObject({ verdict: 'unknown', payload: { n: 1 } })
  })
})
