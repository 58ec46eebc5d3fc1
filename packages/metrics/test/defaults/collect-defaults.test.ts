import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '@ops/core'
import { collectDefaults, type DefaultsOptions, llmMetrics, storageMetrics } from '@ops/metrics'
import { waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { checkMetrics, hasPrometheus } from '../services/prometheus.ts'
import { createTestMetrics, sample } from '../test-metrics.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function collected(options: DefaultsOptions = {}) {
  const metrics = createTestMetrics({ ...llmMetrics, ...storageMetrics })
  closing.push(collectDefaults(metrics, options), () => metrics.close())
  return metrics
}

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ops-defaults-'))
  closing.push(() => rm(path, { recursive: true }))
  return path
}

describe('collectDefaults()', () => {
  test('shows CPU, memory, disk and descriptors of the process', async () => {
    const text = await collected().expose()

    const uptime = Date.now() / 1000 - (sample(text, 'process_start_time_seconds') ?? 0)
    expect(uptime).toBeCloseTo(process.uptime(), 0)
    expect(sample(text, 'process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(sample(text, 'process_cpu_limit_cores')).toBeGreaterThan(0)
    expect(sample(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e7)
    expect(sample(text, 'process_memory_limit_bytes')).toBeGreaterThan(1e7)
    expect(sample(text, 'nodejs_heap_size_limit_bytes')).toBeGreaterThan(1e7)
    expect(sample(text, 'process_open_fds')).toBeGreaterThan(2)
    const size = sample(text, 'disk_size_bytes{path="/"}') as number
    expect(sample(text, 'disk_available_bytes{path="/"}')).toBeLessThanOrEqual(size)
    for (const collector of ['event_loop', 'usage', 'handles', 'disk']) {
      expect(sample(text, `metrics_collector_up{collector="${collector}"}`)).toBe(1)
    }
  })

  test.runIf(hasPrometheus)('passes promtool check metrics', async () => {
    const metrics = collected()
    await metrics.expose()

    expect(checkMetrics(await metrics.expose())).toBe('')
  })

  test('measures memory and CPU against the limits of the cgroup when there are some', async () => {
    const cgroupRoot = await directory()
    const files = {
      'cgroup.controllers': '',
      'cpu.max': '150000 100000',
      'memory.max': '5000000',
      'memory.current': '4000',
    }
    const stat = (throttled: number) => `nr_periods 10\nnr_throttled ${throttled}\nthrottled_usec 1000000\n`
    for (const [name, text] of Object.entries(files)) await writeFile(join(cgroupRoot, name), text)
    await writeFile(join(cgroupRoot, 'cpu.stat'), stat(3))
    const metrics = collected({ cgroupRoot })

    const first = await metrics.expose()
    expect(sample(first, 'process_cpu_limit_cores')).toBe(1.5)
    expect(sample(first, 'process_memory_limit_bytes')).toBe(5_000_000)
    expect(sample(first, 'process_memory_working_set_bytes')).toBe(4000)
    expect(sample(first, 'process_cpu_throttled_seconds_total')).toBe(1)

    await writeFile(join(cgroupRoot, 'cpu.stat'), stat(5))
    expect(sample(await metrics.expose(), 'process_cpu_throttled_periods_total')).toBe(5)
  })

  test('shows utilisation and delay of the event loop since the last exposition', async () => {
    let now = 0
    const metrics = collected({ clock: { ...systemClock, monotonic: () => now } })
    expect(sample(await metrics.expose(), 'nodejs_eventloop_utilization_ratio')).toBeUndefined()

    const until = performance.now() + 100
    while (performance.now() < until);
    await new Promise((resolve) => setImmediate(resolve))
    now += 1000

    const text = await metrics.expose()
    expect(sample(text, 'nodejs_eventloop_utilization_ratio')).toBeGreaterThan(0)
    for (const stat of ['mean', 'p50', 'p99', 'max']) {
      expect(sample(text, `nodejs_eventloop_delay_seconds{stat="${stat}"}`)).toBeGreaterThanOrEqual(0)
    }
  })

  test('observes every garbage collection', async () => {
    const metrics = collected()
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void

    for (let i = 0; i < 3; i++) gc()

    await waitFor(
      async () => (sample(await metrics.expose(), 'nodejs_gc_duration_seconds_count{kind="major"}') ?? 0) >= 3,
      { timeoutMs: 5000 },
    )
  })

  test('shows when certificates expire, a renewed one too, and fails alone when one is unreadable', async () => {
    const path = await directory()
    const file = join(path, 'tls.pem')
    const issue = (days: number) =>
      execFileSync(
        'openssl',
        // prettier-ignore
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-subj',
          '/CN=test',
          '-days',
          `${days}`,
          '-keyout',
          join(path, 'key.pem'),
          '-out',
          file,
        ],
        { stdio: 'ignore' },
      )
    issue(7)
    const certificates = [
      { name: 'missing', file: join(path, 'missing.pem') },
      { name: 'web', file },
    ]
    const metrics = collected({ certificates })
    const daysLeft = (text: string) =>
      ((sample(text, 'tls_certificate_expiry_timestamp_seconds{certificate="web"}') ?? 0) - Date.now() / 1000) / 86_400

    const first = await metrics.expose()
    expect(daysLeft(first)).toBeCloseTo(7, 1)
    expect(sample(first, 'metrics_collector_up{collector="certificates"}')).toBe(0)
    expect(sample(first, 'metrics_collector_up{collector="usage"}')).toBe(1)

    issue(30)
    expect(daysLeft(await metrics.expose())).toBeCloseTo(30, 1)
  })

  test('stops collecting when told to', async () => {
    const metrics = createTestMetrics({})
    closing.push(() => metrics.close())
    const stop = collectDefaults(metrics)

    stop()

    expect(await metrics.expose()).not.toContain('collector="usage"')
  })
})
