/** Sums over worker threads and cluster workers, some of which end, are killed or hang. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { aggregateCluster, aggregateThreads, createMetrics } from '@ops/metrics'
import { waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { catalog } from './services/aggregated-catalog.ts'
import { sample } from './test-metrics.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function thread(message: { inc: number; blockMs?: number }): Promise<Worker> {
  const worker = new Worker(new URL('./services/thread.ts', import.meta.url), {
    execArgv: ['--conditions=@ops/source'],
  })
  closing.unshift(() => worker.terminate())
  worker.postMessage(message)
  await once(worker, 'message')
  return worker
}

describe('aggregateThreads()', () => {
  test('sums threads, keeps the totals of those that ended, and drops their gauges', async () => {
    const metrics = createMetrics(catalog, { service: 'main' })
    closing.push(aggregateThreads(metrics), () => metrics.close())
    metrics.jobs.inc({ kind: 'new' })
    const first = await thread({ inc: 10 })
    await thread({ inc: 100 })
    await waitFor(async () => sample(await metrics.expose(), 'jobs_running') === 6, { timeoutMs: 10_000 })
    expect(sample(await metrics.expose(), 'jobs_total{kind="new"}')).toBe(111)
    expect(sample(await metrics.expose(), 'job_duration_seconds_bucket{le="2"}')).toBe(2)

    await first.terminate()

    await waitFor(async () => sample(await metrics.expose(), 'jobs_running') === 3, { timeoutMs: 10_000 })
    expect(sample(await metrics.expose(), 'jobs_total{kind="new"}')).toBe(111)
    expect(sample(await metrics.expose(), 'job_duration_seconds_count')).toBe(2)
  })

  test('reads a thread that is wedged', async () => {
    const metrics = createMetrics(catalog, { service: 'main', collectTimeoutMs: 100 })
    closing.push(aggregateThreads(metrics), () => metrics.close())
    await thread({ inc: 7, blockMs: 60_000 })

    await waitFor(async () => sample(await metrics.expose(), 'jobs_total{kind="new"}') === 7, { timeoutMs: 10_000 })
  })

  test('throws when given something else', () => {
    expect(() => aggregateThreads({})).toThrow(TypeError)
    expect(() => aggregateCluster({})).toThrow(/expected what createMetrics returned/)
  })
})

describe('aggregateCluster()', () => {
  test('sums workers off the main thread, and keeps the totals of one that is killed or hangs', async () => {
    const child = fork(new URL('./services/cluster.ts', import.meta.url), { execArgv: ['--conditions=@ops/source'] })
    closing.push(() => child.kill('SIGKILL'))
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()

    const all = await scrape()
    expect(sample(all, 'jobs_total{kind="new"}')).toBe(20)
    expect(sample(all, 'jobs_total{kind="primary"}')).toBe(1)
    expect(sample(all, 'jobs_running')).toBe(4)

    child.send('kill')
    await once(child, 'message')
    child.send('wedge')
    await once(child, 'message')
    const fewer = await scrape()
    expect(sample(fewer, 'jobs_total{kind="new"}')).toBe(20)
    expect(sample(fewer, 'job_duration_seconds_count')).toBe(2)
    expect(sample(fewer, 'jobs_running')).toBe(2)
  })
})
