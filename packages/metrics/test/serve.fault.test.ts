/** Serving off the main thread, with faults: a wedged main thread, collectors that fail, a port in use. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { systemClock } from '@ops/core'
import { counter, createMetrics, gauge } from '@ops/metrics'
import { createTestClock, recordLogs } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { createTestMetrics, sample } from './test-metrics.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('serve()', () => {
  test('answers from the worker when the main thread is blocked for 5 s', async () => {
    const child = fork(new URL('./services/wedged.ts', import.meta.url), { execArgv: ['--conditions=@ops/source'] })
    closing.push(() => stopped(child))
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    const url = `http://127.0.0.1:${port}/metrics`
    expect(sample(await (await fetch(url)).text(), 'served_total')).toBe(7)

    const messages: unknown[] = []
    child.on('message', (message) => messages.push(message))
    child.send({ blockMs: 5000 })
    await once(child, 'message')
    const [text, openmetrics] = await Promise.all([
      fetch(url).then((response) => response.text()),
      fetch(url, { headers: { accept: 'application/openmetrics-text' } }).then((response) => response.text()),
    ])

    expect(messages).toEqual(['blocking'])
    expect(sample(text, 'served_total')).toBe(12)
    expect(sample(text, 'late_total')).toBe(3)
    expect(sample(text, 'load_ratio')).toBe(0.5)
    expect(openmetrics.endsWith('# EOF\n')).toBe(true)
  })

  test('answers with gzip, and in each format, when the scraper accepts it', async () => {
    const metrics = createTestMetrics({ hits: counter('hits_total', { help: 'Hits' }) })
    closing.push(() => metrics.close())
    const { port } = await metrics.serve({ port: 0 })
    const url = `http://127.0.0.1:${port}/metrics`

    const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
    const zipped = await fetch(url, { headers: { 'accept-encoding': 'gzip', accept: 'application/openmetrics-text' } })

    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(sample(await plain.text(), 'hits_total')).toBe(0)
    expect(zipped.headers.get('content-encoding')).toBe('gzip')
    expect(zipped.headers.get('content-type')).toContain('application/openmetrics-text; version=1.0.0')
    expect(sample(await zipped.text(), 'hits_total')).toBe(0)
  })

  test('rejects when the port is in use', async () => {
    const metrics = createTestMetrics({})
    closing.push(() => metrics.close())
    const { port } = await metrics.serve({ port: 0 })

    await expect(metrics.serve({ port })).rejects.toMatchObject({ code: 'OPS_OPSPORT_PORT_IN_USE' })
  })
})

describe('onCollect()', () => {
  const catalog = { fresh: gauge('fresh_ratio', { help: 'Fresh' }) }

  test('loses only itself when a collector throws, now or later', async () => {
    const { logger, records } = recordLogs()
    const metrics = createTestMetrics(catalog, { logger })
    closing.push(() => metrics.close())
    let broken = true
    metrics.onCollect(
      () => {
        if (broken) throw new Error('no luck')
      },
      { name: 'throws' },
    )
    metrics.onCollect(async () => Promise.reject(new Error('later')), { name: 'rejects' })
    metrics.onCollect(function named() {
      metrics.fresh.set({}, 1)
    })

    const text = await metrics.expose()
    expect(sample(text, 'metrics_collector_up{collector="throws"}')).toBe(0)
    expect(sample(text, 'metrics_collector_up{collector="rejects"}')).toBe(0)
    expect(sample(text, 'metrics_collector_up{collector="named"}')).toBe(1)
    expect(sample(text, 'fresh_ratio')).toBe(1)

    broken = false
    expect(sample(await metrics.expose(), 'metrics_collector_up{collector="throws"}')).toBe(1)
    expect(records.map(({ level, fields }) => [level, fields['collector']])).toEqual([
      ['warn', 'throws'],
      ['warn', 'rejects'],
      ['info', 'throws'],
    ])
  })

  test('shows the last values and starts no second run when a collector hangs', async () => {
    const clock = createTestClock()
    const metrics = createTestMetrics(catalog, { clock, exemplars: false, collectTimeoutMs: 100 })
    closing.push(() => metrics.close())
    let runs = 0
    let finish = () => {}
    metrics.onCollect(
      () => {
        runs++
        return new Promise<void>((resolve) => {
          finish = resolve
        })
      },
      { name: 'hangs' },
    )

    const first = metrics.expose()
    await clock.waitForTimers(1)
    await clock.advance(100)
    expect(sample(await first, 'metrics_collector_up{collector="hangs"}')).toBe(0)
    expect(sample(await metrics.expose(), 'metrics_collector_up{collector="hangs"}')).toBe(0)
    expect(runs).toBe(1)

    finish()
    await Promise.resolve()
    const third = metrics.expose()
    await clock.waitForTimers(1)
    finish()
    expect(sample(await third, 'metrics_collector_up{collector="hangs"}')).toBe(1)
    expect(runs).toBe(2)
  })

  test('calls a collector slow when it held the thread longer than its time', async () => {
    let now = 0
    const metrics = createTestMetrics(catalog, { clock: { ...systemClock, monotonic: () => now } })
    closing.push(() => metrics.close())
    metrics.onCollect(
      () => {
        now += 51
      },
      { name: 'slow', timeoutMs: 50 },
    )

    expect(sample(await metrics.expose(), 'metrics_collector_up{collector="slow"}')).toBe(0)
  })

  test('forgets a collector when it is stopped', async () => {
    const metrics = createTestMetrics(catalog)
    closing.push(() => metrics.close())
    const stop = metrics.onCollect(() => {}, { name: 'gone' })
    expect(await metrics.expose()).toContain('collector="gone"')

    stop()

    expect(await metrics.expose()).not.toContain('collector="gone"')
  })

  test('shares one run when expositions meet', async () => {
    const metrics = createMetrics(catalog, { service: 'test' })
    closing.push(() => metrics.close())
    let runs = 0
    metrics.onCollect(async () => void runs++)

    await Promise.all([metrics.expose(), metrics.expose()])

    expect(runs).toBe(1)
  })
})

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
