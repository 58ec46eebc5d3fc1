import { createServer } from 'node:http'
import { createTestClock, recordMetrics, waitFor } from '@ops/testing'
import { describe, expect, it } from 'vitest'
import {
  createLifecycle,
  drainProblems,
  LIFECYCLE_DEFAULTS,
  type LifecycleOptions,
  longestStopMs,
} from '../src/index.ts'
import { resolveTimes } from '../src/lifecycle-options.ts'
import { createTestLifecycle, gate, listen, serve } from './drain.ts'

describe('stop()', () => {
  it('stop() drains together, closes in reverse order, flushes together, then exits, when all goes well', async () => {
    const { lifecycle, exits, logs } = createTestLifecycle()
    const order: string[] = []
    const note = (what: string) => () => void order.push(what)
    lifecycle.onFlush('logs', note('flush logs'))
    lifecycle.onClose('pool', note('close pool'))
    lifecycle.onClose('cache', note('close cache'))
    lifecycle.onDrain('worker', note('drain worker'))
    await lifecycle.started()

    const end = await lifecycle.stop('test')

    expect(order).toEqual(['drain worker', 'close cache', 'close pool', 'flush logs'])
    expect(exits).toEqual([0])
    expect(end).toMatchObject({ reason: 'test', code: 0, beacons: [], requests: { finished: 0, cut: 0 } })
    expect(end.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'drain worker done',
      'close cache done',
      'close pool done',
      'flush logs done',
    ])
    expect(logs.records.at(-1)?.message).toMatch(/^Stopped cleanly after \d+ ms \(test\): 0 requests finished, 0 cut$/)
    expect(logs.records.at(-1)?.fields).toMatchObject({ reason: 'test', steps: expect.any(Array) })
    expect(lifecycle.status().state).toBe('stopped')
  })

  it('stop() gives every caller the same record when called again', async () => {
    const { lifecycle, exits } = createTestLifecycle()

    const [first, second] = await Promise.all([lifecycle.stop('a'), lifecycle.stop('b')])

    expect(second).toBe(first)
    expect(exits).toEqual([0])
  })

  it('stop() waits for a beacon and names one that still burns when the deadline passes', async () => {
    const { lifecycle } = createTestLifecycle()
    const release = lifecycle.beacon('import')
    const stopped = lifecycle.stop()
    await waitFor(() => lifecycle.draining)
    expect(lifecycle.status().beacons).toEqual(['import'])
    release()
    release()
    expect(await stopped).toMatchObject({ code: 0, beacons: [] })

    const late = createTestLifecycle({ deadlineMs: 50 })
    late.lifecycle.beacon('export')
    expect(await late.lifecycle.stop()).toMatchObject({ code: 1, beacons: ['export'] })
  })

  it('stop() aborts the signal of a drain when the deadline passes and lets it end itself', async () => {
    const { lifecycle, exits } = createTestLifecycle({ deadlineMs: 50 })
    let reason: unknown
    lifecycle.onDrain('worker', (signal) => {
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
          resolve()
        })
      })
    })

    const end = await lifecycle.stop()

    expect(reason).toMatchObject({ code: 'OPS_HEALTH_DRAIN_DEADLINE' })
    expect(end.steps).toEqual([expect.objectContaining({ name: 'drain worker', outcome: 'done' })])
    expect(exits).toEqual([1])
  })

  it('stop() says what would have kept the process alive', async () => {
    const { lifecycle } = createTestLifecycle()
    const timer = setInterval(() => {}, 1000)

    const end = await lifecycle.stop()

    expect(end.keptAlive['Timeout']).toBeGreaterThanOrEqual(1)
    clearInterval(timer)
  })

  it('stop() skips the propagation delay when the process never became ready', async () => {
    const { lifecycle } = createTestLifecycle({ propagationDelayMs: 5000 })
    lifecycle.http(createServer())

    expect((await lifecycle.stop()).steps.map(({ name }) => name)).toEqual(['http'])
  })

  it('stop() records steps, cuts and connections', async () => {
    const { meter, value, collect, problems } = recordMetrics()
    const { lifecycle, port } = await serve(() => {}, { meter, deadlineMs: 100 })
    const failed = fetch(`http://127.0.0.1:${port}/`).catch(() => 'cut')
    await waitFor(() => lifecycle.status().requestsInFlight === 1)

    const stopped = lifecycle.stop()
    await collect()
    expect(value('service_draining')).toBe(1)
    expect(value('drain_requests_in_flight')).toBe(1)
    expect(value('drain_connections_open')).toBe(1)
    await stopped

    expect(await failed).toBe('cut')
    expect(value('drain_requests_cut_total')).toBe(1)
    expect(value('drain_step_duration_seconds', { step: 'http' })).toBeGreaterThan(0)
    expect(problems).toEqual([])
  })
})

describe('a start', () => {
  it('phase() runs one after the other, returns what it opened, and shows the timeline', async () => {
    const clock = createTestClock()
    const { lifecycle, health } = createTestLifecycle({ clock })
    const connected = gate()

    const pool = lifecycle.phase('postgres', async () => {
      await connected.opened
      return 'pool'
    })
    const cache = lifecycle.phase('redis', () => 'cache')
    await clock.advance(30)
    expect(lifecycle.status().timeline).toEqual([
      { name: 'postgres', startedAtMs: 0, durationMs: undefined, outcome: 'running' },
    ])
    connected.open()

    expect(await Promise.all([pool, cache])).toEqual(['pool', 'cache'])
    expect(health.handle('/startupz')?.status).toBe(503)
    await lifecycle.started()
    expect(health.handle('/startupz')?.status).toBe(200)
    expect(lifecycle.status().state).toBe('started')
    expect(lifecycle.status().timeline.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'postgres done',
      'redis done',
      'started done',
    ])
  })

  it('phase() closes what was opened, flushes and exits with 1 when it fails', async () => {
    const { lifecycle, exits, logs } = createTestLifecycle()
    const done: string[] = []
    await lifecycle.phase('postgres', () => lifecycle.onClose('postgres', () => void done.push('closed')))
    lifecycle.onFlush('logs', () => void done.push('flushed'))

    const failed = lifecycle.phase('redis', () => Promise.reject(new Error('refused')))

    await expect(failed).rejects.toMatchObject({ code: 'OPS_HEALTH_START_FAILED', cause: { message: 'refused' } })
    await expect(lifecycle.phase('listen', () => {})).rejects.toMatchObject({ code: 'OPS_HEALTH_START_ABORTED' })
    expect(done).toEqual(['closed', 'flushed'])
    expect(exits).toEqual([1])
    expect(logs.records.find(({ level }) => level === 'fatal')?.error).toMatchObject({ message: 'refused' })
    expect(lifecycle.status().timeline).toContainEqual(expect.objectContaining({ name: 'redis', outcome: 'failed' }))
  })

  it('stop() waits for the running phase and closes what it opened when called before the start is over', async () => {
    const { lifecycle, health } = createTestLifecycle()
    const connected = gate()
    let closed = false
    const phase = lifecycle.phase('postgres', async () => {
      await connected.opened
      lifecycle.onClose('postgres', () => void (closed = true))
    })
    const next = lifecycle.phase('listen', () => {})
    await waitFor(() => lifecycle.status().timeline.length === 1)

    const stopped = lifecycle.stop()
    connected.open()

    await phase
    await expect(next).rejects.toMatchObject({ code: 'OPS_HEALTH_START_ABORTED' })
    expect((await stopped).code).toBe(0)
    expect(closed).toBe(true)
    await lifecycle.started()
    expect(health.handle('/startupz')?.status).toBe(503)
  })
})

describe('the sums', () => {
  const times = { propagationDelayMs: 5000, deadlineMs: 25_000, closeTimeoutMs: 2000, flushTimeoutMs: 2000 }

  it('LIFECYCLE_DEFAULTS is what a lifecycle goes by when nothing is given', () => {
    expect(LIFECYCLE_DEFAULTS).toMatchObject(times)
    expect(resolveTimes({})).toEqual(LIFECYCLE_DEFAULTS)
  })

  it('drainProblems() is silent when all fits and tells what does not', () => {
    expect(longestStopMs(times)).toBe(29_000)
    expect(drainProblems({ ...times, terminationGracePeriodMs: 30_000 })).toEqual([])
    expect(drainProblems({ ...times, terminationGracePeriodMs: 29_000 })).toEqual([expect.stringContaining('29000 ms')])
    expect(drainProblems({ ...times, balancerIdleTimeoutMs: 60_000, keepAliveTimeoutMs: 65_000 })).toEqual([])
    expect(drainProblems({ ...times, balancerIdleTimeoutMs: 60_000, keepAliveTimeoutMs: 5000 })).toHaveLength(1)
    expect(drainProblems({ ...times, balancerIdleTimeoutMs: 60_000, keepAliveTimeoutMs: 0 })).toEqual([])
  })

  it('started() warns of each when the server and the grace period do not fit', async () => {
    const { lifecycle, logs } = createTestLifecycle({ terminationGracePeriodMs: 5000, balancerIdleTimeoutMs: 60_000 })
    const server = createServer()
    lifecycle.http(server)
    await listen(server)

    await lifecycle.started()

    const warnings = logs.records.filter(({ message }) => message.startsWith('The stop does not add up'))
    expect(warnings).toHaveLength(2)
    await lifecycle.stop()
  })

  it.each([
    [{ propagationDelayMs: -1 }, /propagationDelayMs is -1/],
    [{ deadlineMs: 0 }, /deadlineMs is 0/],
    [{ flushTimeoutMs: Number.NaN }, /flushTimeoutMs is NaN/],
    [{ propagationDelayMs: 5000, deadlineMs: 5000 }, /expected less than deadlineMs/],
  ] satisfies [LifecycleOptions, RegExp][])('createLifecycle() refuses %o', (options, message) => {
    expect(() => createLifecycle({ signals: false, crashPolicy: false, ...options })).toThrow(message)
  })
})

describe('signals', () => {
  it('createLifecycle() refuses to be the second owner and names rivals at the start', async () => {
    const rival = () => {}
    process.on('SIGTERM', rival)
    const first = createTestLifecycle({ signals: ['SIGTERM'] })

    expect(() => createTestLifecycle({ signals: ['SIGINT'] })).toThrow(/another one owns the signals/)
    await first.lifecycle.started()
    const end = await first.lifecycle.stop()

    process.off('SIGTERM', rival)
    expect(first.logs.records.map(({ message }) => message)).toContain(
      'Others listen to our stop signals and may end a drain',
    )
    expect(end.rivals).toEqual(['SIGTERM rival'])
    const second = createTestLifecycle({ signals: ['SIGTERM'] })
    await second.lifecycle.stop()
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })
})
