/** Checks that misbehave, on the test clock. */
import { context as otelContext } from '@opentelemetry/api'
import { createContext, currentContext, registerContextManager, runInContext } from '@ops/core'
import { createTestClock, createTestRandom, recordLogs, recordMetrics } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type Check, type CheckFunction, check, createHealth, type Health, manualCheck } from '../src/index.ts'

const open: Health[] = []
afterEach(() => {
  for (const health of open.splice(0)) health.close()
})

function watch(checks: Record<string, Check>, wallMs = 0) {
  const clock = createTestClock()
  const logs = recordLogs()
  const metrics = recordMetrics()
  const health = createHealth({ checks, clock, random: createTestRandom(1), logger: logs.logger, meter: metrics.meter })
  open.push(health)
  health.markStarted()
  clock.jump(wallMs)
  const report = (name = 'db') => health.status().checks.find((one) => one.name === name)
  return { clock, health, logs, metrics, report }
}

const local = (run: CheckFunction) => check(run, { scope: 'local', everyMs: 1000, timeoutMs: 100, holdMs: 0 })

interface Script {
  calls: number
  readonly signals: AbortSignal[]
  run: () => unknown
}

/** Answers what the test says, and counts. */
function scripted() {
  const script: Script = { calls: 0, signals: [], run: () => true }
  const run: CheckFunction = (signal) => {
    script.calls++
    script.signals.push(signal)
    return script.run()
  }
  return { script, run }
}

describe('a check', () => {
  test('runs outside any unit of work and marked as untraced when a request added it', async () => {
    registerContextManager()
    const seen: unknown[] = []
    const suppressed = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')
    const see = () => seen.push([currentContext(), otelContext.active().getValue(suppressed)])

    const { clock } = runInContext(createContext({ tenant: 'acme' }), () => watch({ db: local(see) }))
    await clock.advance(1)

    expect(seen).toEqual([[undefined, true]])
  })

  test('is unknown and holds readiness back when it has not answered yet', async () => {
    const { health, clock } = watch({ db: local(() => true) })

    expect(health.handle('/readyz', { authorized: true })?.body).toBe(
      'not ready: check db\ndb unknown (local, gates)\n',
    )
    await clock.advance(1)
    expect(health.handle('/readyz')?.status).toBe(200)
  })

  test('is aborted at its timeout, never run again while stuck, and down after three results when it hangs', async () => {
    const { script, run } = scripted()
    const { clock, report, metrics, logs } = watch({ db: local(run) })
    await clock.advance(1)
    script.run = () => new Promise(() => {})

    await clock.advance(1200)
    const calls = script.calls
    expect(report()).toMatchObject({ status: 'up', outcome: 'timeout' })
    expect(script.signals.at(-1)?.reason).toMatchObject({ code: 'OPS_HEALTH_CHECK_TIMEOUT' })

    await clock.advance(10_000)
    expect(script.calls).toBe(calls)
    expect(report()).toMatchObject({ status: 'down', outcome: 'stuck' })
    expect(metrics.value('health_check_runs_total', { check: 'db', outcome: 'stuck' })).toBeGreaterThanOrEqual(8)
    expect(logs.records.filter(({ message }) => message === 'Check is down')).toHaveLength(1)
  })

  test('runs again and comes up when one that ignored its abort ends at last', async () => {
    const { script, run } = scripted()
    const { clock, report } = watch({ db: local(run) })
    await clock.advance(1)
    let end: (value: unknown) => void = () => {}
    script.run = () => new Promise((resolve) => (end = resolve))
    await clock.advance(5000)
    expect(report()?.status).toBe('down')

    script.run = () => true
    end(true)
    await clock.advance(10)
    // The late success is no success.
    expect(report()).toMatchObject({ status: 'down', outcome: 'stuck' })
    await clock.advance(3000)
    expect(report()).toMatchObject({ status: 'up', outcome: 'ok' })
  })

  const failing: readonly (readonly [string, () => unknown, string])[] = [
    [
      'throws',
      () => {
        throw new Error('refused')
      },
      'refused',
    ],
    ['rejects', () => Promise.reject(new Error('refused')), 'refused'],
    ['throws no error', () => Promise.reject('just text'), 'just text'],
    ['throws what has no text', () => Promise.reject(Object.create(null)), 'it threw something that has no text'],
    ['answers false', () => false, 'the check answered false'],
    ['answers false later', async () => false, 'the check answered false'],
  ]

  test.each(failing)('is down after three failures when it %s', async (_how, fail, message) => {
    const { script, run } = scripted()
    const { clock, health, report } = watch({ db: local(run) })
    await clock.advance(1)
    script.run = fail

    await clock.advance(2300)
    expect(report()?.status).toBe('up')
    await clock.advance(1100)

    expect(report()).toMatchObject({ status: 'down', outcome: 'failed', message })
    expect(health.handle('/readyz')?.status).toBe(503)
    expect(health.handle('/healthz')?.status).toBe(503)
    expect(health.handle('/livez')?.status).toBe(200)
  })

  test('is judged by its own answer when it lies twice, a thenable that resolves and rejects', async () => {
    const then = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
      resolve(true)
      reject(new Error('no'))
    }
    const liar = Object.defineProperty({}, 'then', { value: then })
    const { clock, report, metrics } = watch({ db: local(() => liar) })

    await clock.advance(1)

    expect(report()).toMatchObject({ status: 'up', outcome: 'ok' })
    expect(metrics.value('health_check_runs_total', { check: 'db' })).toBe(1)
  })

  test('only degrades when it is down and shared, and gates when asked to', async () => {
    const options = { scope: 'shared', everyMs: 1000, timeoutMs: 100, holdMs: 0, downAfter: 1 } as const
    const fails = () => false
    const degraded = watch({ db: check(fails, options) })
    const gated = watch({ db: check(fails, { ...options, gate: true }) })

    await Promise.all([degraded.clock.advance(1), gated.clock.advance(1)])

    expect([degraded, gated].map(({ health }) => health.handle('/readyz')?.status)).toEqual([200, 503])
    expect(degraded.health.handle('/healthz')).toMatchObject({ status: 200, body: '{"status":"warn"}' })
    expect(gated.health.handle('/healthz')).toMatchObject({ status: 503, body: '{"status":"fail"}' })
  })

  test('keeps its status when the wall clock jumps by a day either way', async () => {
    for (const jumpMs of [86_400_000, -86_400_000]) {
      const { clock, report, metrics } = watch({ db: local(() => true) })
      await clock.advance(1)

      clock.jump(jumpMs)
      await clock.advance(3300)

      expect(report()?.status).toBe('up')
      expect(metrics.value('health_check_runs_total', { check: 'db' })).toBe(4)
    }
  })

  test('fails when its report is older than its ttl, and comes up with the next', async () => {
    const { clock, health, report } = watch({ consumer: manualCheck({ scope: 'local', ttlMs: 5000 }) })
    health.report('consumer', true)
    expect(report('consumer')?.status).toBe('up')

    await clock.advance(5000)
    expect(report('consumer')).toMatchObject({ status: 'down', outcome: 'stale' })

    health.report('consumer', true)
    expect(report('consumer')?.status).toBe('up')
  })

  test('runs no more often for 10,000 probes', async () => {
    const { script, run } = scripted()
    const { clock, health } = watch({ db: local(run) })

    for (let second = 0; second < 100; second++) {
      for (let probe = 0; probe < 100; probe++) health.handle('/readyz')
      await clock.advance(1000)
    }

    expect(script.calls / 10_000).toBeLessThanOrEqual(0.012)
  })

  test('has its message scrubbed and shortened before anyone sees it', async () => {
    const clock = createTestClock()
    const scrubber = { text: (text: string) => text.replaceAll('hunter2', '[redacted]') }
    const fails = check(() => Promise.reject(new Error(`hunter2 ${'x'.repeat(1000)}`)), {
      scope: 'local',
      everyMs: 1000,
      timeoutMs: 100,
    })
    const health = createHealth({ checks: { db: fails }, clock, scrubber })
    open.push(health)

    await clock.advance(1)

    const { body } = health.handle('/healthz', { authorized: true }) ?? { body: '' }
    expect(body).toContain('[redacted]')
    expect(body).not.toContain('hunter2')
    expect(body.length).toBeLessThan(600)
  })

  test('ends with the health it belongs to, its run aborted', async () => {
    const { script, run } = scripted()
    script.run = () => new Promise(() => {})
    const { clock, health } = watch({ db: local(run) })
    await clock.advance(1)

    health.close()
    await clock.advance(10_000)

    expect(script.calls).toBe(1)
    expect(script.signals[0]?.aborted).toBe(true)
  })
})
