import { recordLogs, waitFor } from '@ops/testing'
import { Queue as BullQueue } from 'bullmq'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob, type JobRun, type Queue, schedule } from '../src/index.ts'
import { closing, connect, connectQueue, startWorker } from './fixture.ts'

const tick = defineJob('tick', { schema: z.object({ n: z.number().optional() }) })
const EVERY_SECOND = '* * * * * *'

/** BullMQ's own view of a queue. */
async function bullOf(queue: Queue): Promise<BullQueue> {
  const bull = new BullQueue(queue.name, { connection: (await connect()) as never, prefix: `{ops:${queue.name}}` })
  closing(() => bull.close())
  return bull
}

const kept = async (bull: BullQueue) =>
  (await bull.getJobSchedulers())
    .map(({ key, pattern, tz }) => ({ key, pattern, tz }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))

describe('schedule()', () => {
  test.each([
    ['', 'has 0 fields'],
    ['* * *', 'has 3 fields'],
    ['61 * * * *', 'cannot be read'],
    ['x * * * *', 'cannot be read'],
    ['0 0 31 2 *', 'cannot be read'],
    ['H * * * *', 'has an H'],
    ['1 2 3 4 5 6 7', 'has 7 fields'],
  ])('schedule() throws a RangeError when the pattern is %j', (pattern, problem) => {
    expect(() => schedule(tick, pattern)).toThrow(RangeError)
    expect(() => schedule(tick, pattern)).toThrow(problem)
  })

  test.each(['Nowhere/City', '', '+02:00', 'Europe'])(
    'schedule() throws a RangeError when the time zone is %j',
    (tz) => {
      expect(() => schedule(tick, '0 2 * * *', { tz })).toThrow(RangeError)
      expect(() => schedule(tick, '0 2 * * *', { tz })).toThrow('expected an IANA name')
    },
  )

  test('schedule() refuses a payload that breaks the schema and a name outside the grammar', () => {
    expect(() => schedule(tick, '@daily', { payload: { n: 'x' as never } })).toThrow('n (invalid_type)')
    expect(() => schedule(tick, '@daily', { name: 'a:b' })).toThrow(TypeError)
  })
})

describe('createWorker({ schedules })', () => {
  test('runs each tick once however many workers keep the schedule, in its tenant and with the time it was due', async () => {
    const queue = await connectQueue([tick])
    const runs: { n: number | undefined; tenant: string | undefined; dueAt: number | undefined }[] = []
    const handlers = {
      tick: ({ n }: { n?: number }, { tenant, dueAt }: JobRun) => void runs.push({ n, tenant, dueAt }),
    }
    const schedules = [schedule(tick, EVERY_SECOND, { payload: { n: 7 }, tenant: 'acme' })]
    for (let i = 0; i < 3; i++) await startWorker(queue, handlers, { schedules })

    await waitFor(() => runs.length >= 3, { timeoutMs: 15_000 })

    const due = runs.map(({ dueAt }) => dueAt as number)
    expect(new Set(due).size).toBe(due.length)
    expect(due.every((at) => at % 1_000 === 0)).toBe(true)
    expect(runs[0]).toMatchObject({ n: 7, tenant: 'acme' })
  })

  test('brings the schedules to what the worker that started last declares, and leaves them alone when it declares none', async () => {
    const queue = await connectQueue([tick])
    const bull = await bullOf(queue)
    const start = async (schedules?: ReturnType<typeof schedule>[]) => {
      const worker = await startWorker(queue, { tick: () => {} }, schedules && { schedules })
      await worker.close()
    }
    const daily = (name: string, pattern: string) => schedule(tick, pattern, { name, tz: 'Europe/Berlin' })
    const described = (name: string, pattern: string) => ({ key: name, pattern, tz: 'Europe/Berlin' })

    await start([daily('a', '0 1 * * *'), daily('b', '0 2 * * *')])
    await waitFor(async () => (await kept(bull)).length === 2)
    const nextOfA = (await bull.getJobScheduler('a'))?.next
    await start([daily('a', '0 1 * * *'), daily('b', '0 3 * * *'), daily('c', '0 4 * * *')])
    await waitFor(async () => (await kept(bull)).length === 3)
    const changed = await kept(bull)
    const delayed = (await queue.status()).delayed
    await start()
    await start([daily('c', '0 4 * * *')])
    await waitFor(async () => (await kept(bull)).length === 1)

    expect(changed).toEqual([described('a', '0 1 * * *'), described('b', '0 3 * * *'), described('c', '0 4 * * *')])
    expect(delayed).toBe(3)
    expect((await bull.getDelayed()).map(({ id }) => id?.split(':')[1])).toEqual(['c'])
    expect(nextOfA).toBeGreaterThan(Date.now())
  })

  test('does not take back a run that is due when another replica starts', async () => {
    const queue = await connectQueue([tick])
    const bull = await bullOf(queue)
    const schedules = [schedule(tick, EVERY_SECOND)]
    const first = await startWorker(queue, { tick: () => {} }, { schedules })
    await waitFor(async () => (await kept(bull)).length === 1)
    await first.close()
    await waitFor(async () => (await bull.getDelayed()).every(({ opts }) => (opts.prevMillis ?? 0) < Date.now()))
    const [due] = await bull.getDelayed()
    const runs: (number | undefined)[] = []

    await startWorker(queue, { tick: (_: unknown, { dueAt }: JobRun) => void runs.push(dueAt) }, { schedules })
    await waitFor(() => runs.length > 0, { timeoutMs: 10_000 })

    expect(runs[0]).toBe(due?.opts.prevMillis)
  })

  test('makes up for what was missed by one late run, charged nothing', async () => {
    const queue = await connectQueue([tick])
    const bull = await bullOf(queue)
    const schedules = [schedule(tick, EVERY_SECOND)]
    const first = await startWorker(queue, { tick: () => {} }, { schedules })
    await waitFor(async () => (await kept(bull)).length === 1)
    await first.close()
    const left = (await bull.getDelayed())[0]?.opts.prevMillis as number
    const before = (await queue.status()).completed
    await waitFor(() => Date.now() > left + 3_100, { timeoutMs: 10_000 })
    const runs: { dueAt: number; attempt: number }[] = []

    await startWorker(
      queue,
      { tick: (_: unknown, { dueAt, attempt }: JobRun) => void runs.push({ dueAt: dueAt as number, attempt }) },
      { schedules },
    )
    await waitFor(() => runs.length >= 2, { timeoutMs: 10_000 })

    expect(runs[0]).toEqual({ dueAt: left, attempt: 1 })
    expect(runs[1]?.dueAt).toBeGreaterThan(left + 3_000)
    expect(await queue.status()).toMatchObject({ dead: 0 })
    expect((await queue.status()).completed - before).toBeLessThanOrEqual(4)
  })

  test('mends a schedule that lost its next run', async () => {
    const { logger, records } = recordLogs()
    const queue = await connectQueue([tick])
    const bull = await bullOf(queue)
    const schedules = [schedule(tick, '0 0 1 1 *')]
    const first = await startWorker(queue, { tick: () => {} }, { schedules })
    await waitFor(async () => (await bull.getDelayed()).length === 1)
    await first.close()
    const [next] = await bull.getDelayed()
    const redis = await connect()
    const prefix = `{ops:${queue.name}}:${queue.name}`
    await redis.zrem(`${prefix}:delayed`, next?.id as string)
    await redis.del(`${prefix}:${next?.id}`)

    await startWorker(queue, { tick: () => {} }, { schedules, logger })

    await waitFor(async () => (await bull.getDelayed()).length === 1)
    expect((await bull.getDelayed())[0]?.id).toBe(next?.id)
    expect(records.map(({ message }) => message)).toContain('schedule had lost its next run')
  })

  test('createWorker() throws a TypeError when a schedule is of another queue or two have one name', async () => {
    const queue = await connectQueue([tick])
    const other = defineJob('other', { schema: z.object({}) })

    await expect(() => startWorker(queue, {}, { schedules: [schedule(other, '@daily')] })).rejects.toThrow(TypeError)
    await expect(() =>
      startWorker(queue, {}, { schedules: [schedule(tick, '@daily'), schedule(tick, '@hourly')] }),
    ).rejects.toThrow('expected a name for each')
  })

  test('a scheduled job that died is redriven as any other', async () => {
    const once = defineJob('once', { schema: z.object({}), retry: { attempts: 1 } })
    const queue = await connectQueue([once])
    const state = { broken: true, due: [] as (number | undefined)[] }
    await startWorker(
      queue,
      {
        once: (_: unknown, { dueAt }: JobRun) => {
          state.due.push(dueAt)
          if (state.broken) throw new Error('not yet')
        },
      },
      { schedules: [schedule(once, EVERY_SECOND)] },
    )
    await waitFor(async () => (await queue.status()).dead >= 1, { timeoutMs: 10_000 })
    state.broken = false
    const [letter] = await queue.dead.list({})

    const { redriven } = await queue.dead.redrive({ id: letter?.id as string })
    await waitFor(() => state.due.filter((at) => at === state.due[0]).length === 2, { timeoutMs: 10_000 })

    expect(Object.keys(redriven)).toEqual([letter?.id])
  })
})
