import { setImmediate } from 'node:timers'
import { counter, gauge, histogram } from '@ops/metrics'
import { describe, expect, test } from 'vitest'
import { createTestMetrics } from './test-metrics.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('expose()', () => {
  test('lets the event loop turn, and shows each series once, when others expose, remove and add meanwhile', async () => {
    const metrics = createTestMetrics(
      { depth: gauge('depth_ratio', { help: 'Depth', labels: { id: 'string' } }) },
      { maxSeriesPerMetric: 30_000, maxValuesPerLabel: 30_000 },
    )
    for (let i = 0; i < 20_000; i++) metrics.depth.set({ id: `${i}` }, i)

    let turns = 0
    let done = false
    const first = metrics.expose().finally(() => {
      done = true
    })
    const others: Promise<string>[] = []
    while (!done) {
      await turn()
      if (turns++ > 3) continue
      for (let i = 0; i < 50; i++) metrics.depth.remove({ id: `${i}` })
      for (let i = 0; i < 50; i++) metrics.depth.set({ id: `${i}` }, i)
      others.push(metrics.expose())
    }

    expect(turns).toBeGreaterThan(3)
    for (const text of await Promise.all([first, ...others])) {
      const lines = text.split('\n').filter((line) => line.startsWith('depth_ratio{'))
      const untouched = lines.filter((line) => Number(line.split(' ')[1]) >= 50)
      expect(new Set(lines).size).toBe(lines.length)
      expect(untouched.length).toBe(19_950)
      expect(lines.every((line) => Number.isFinite(Number(line.split(' ')[1])))).toBe(true)
    }
    await metrics.close()
  })

  test('shows new numbers, and old blocks unchanged, when only some series moved since the last time', async () => {
    const metrics = createTestMetrics({
      hits: counter('hits_total', { help: 'Hits', labels: { id: 'string' } }),
      wait: histogram('wait_seconds', { help: 'Wait', labels: { id: 'string' }, buckets: [1] }),
    })
    for (let i = 0; i < 400; i++) {
      metrics.hits.inc({ id: `${i}` })
      metrics.wait.observe({ id: `${i}` }, 0.5)
    }
    const before = await metrics.expose()

    metrics.hits.inc({ id: '300' }, 41)
    metrics.wait.observe({ id: '7' }, 2)

    const expected = before
      .replace('hits_total{id="300"} 1\n', 'hits_total{id="300"} 42\n')
      .replace('wait_seconds_bucket{id="7",le="+Inf"} 1\n', 'wait_seconds_bucket{id="7",le="+Inf"} 2\n')
      .replace('wait_seconds_sum{id="7"} 0.5\n', 'wait_seconds_sum{id="7"} 2.5\n')
      .replace('wait_seconds_count{id="7"} 1\n', 'wait_seconds_count{id="7"} 2\n')
    expect(await metrics.expose()).toBe(expected)
    expect(await metrics.expose()).toBe(expected)
    await metrics.close()
  })
})
