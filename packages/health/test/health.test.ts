import { createTestClock, createTestRandom, recordLogs, recordMetrics } from '@ops/testing'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Check,
  check,
  createHealth,
  diskCheck,
  type Health,
  type HealthOptions,
  manualCheck,
} from '../src/index.ts'

const open: Health[] = []
afterEach(() => {
  for (const health of open.splice(0)) health.close()
})
const create = <const Checks extends Readonly<Record<string, Check>>>(options: HealthOptions<Checks>) => {
  const health = createHealth(options)
  open.push(health)
  return health
}
const never = check(() => true, { scope: 'local', everyMs: 1000, timeoutMs: 100 })

describe('handle()', () => {
  it('handle() answers the four probes and no other path', () => {
    const health = create({ clock: createTestClock() })

    expect(['/livez', '/readyz', '/startupz', '/healthz'].map((path) => health.handle(path)?.status)).toEqual([
      200, 503, 503, 200,
    ])
    expect(['/', '/livez/', '/orders', '', '/healthz/none'].map((path) => health.handle(path))).toEqual(
      Array(5).fill(undefined),
    )
  })

  it('handle() follows a life when it starts and drains', () => {
    const health = create({ clock: createTestClock() })
    const probes = () => ['/livez', '/readyz', '/startupz'].map((path) => health.handle(path)?.status)

    health.markStarted()
    expect(probes()).toEqual([200, 200, 200])
    health.markDraining()
    expect(probes()).toEqual([200, 503, 200])
    expect(health.handle('/readyz')?.body).toBe('not ready: draining\n')
  })

  it('handle() shows release and checks in /healthz when the caller is authorized', async () => {
    const clock = createTestClock()
    const service = { name: 'orders', version: '1.2.3', commit: 'abc' }
    const health = create({ checks: { db: never }, groups: { stores: ['db'] }, service, clock })
    health.markStarted()
    await clock.advance(1)

    const answer = health.handle('/healthz', { authorized: true })

    expect(answer?.headers['content-type']).toBe('application/health+json')
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      status: 'pass',
      serviceId: 'orders',
      version: '1.2.3',
      releaseId: 'abc',
      notes: [],
      checks: {
        db: [
          {
            componentType: 'local',
            status: 'pass',
            outcome: 'ok',
            observedValue: 0,
            observedUnit: 'ms',
            time: '2026-01-01T00:00:00.000Z',
          },
        ],
      },
    })
    expect(health.handle('/healthz')?.body).toBe('{"status":"pass"}')
    expect(health.handle('/healthz/stores')?.status).toBe(200)
  })

  it('handle() answers a group by its own checks when another is down', async () => {
    const checks = { db: manualCheck({ scope: 'local' }), mail: manualCheck({ scope: 'local' }) }
    const health = create({ checks, groups: { stores: ['db'], post: ['mail'] }, clock: createTestClock() })
    health.markStarted()
    health.report('db', true)
    health.report('mail', false, 'relay refused')

    expect(['/healthz/stores', '/healthz/post'].map((path) => health.handle(path)?.status)).toEqual([200, 503])
  })

  it('handle() hands out the same answer while nothing changes', () => {
    const health = create({ clock: createTestClock() })

    expect(health.handle('/readyz')).toBe(health.handle('/readyz'))
  })
})

describe('add()', () => {
  it('add() runs a check from then on and lists it for callers who may know when the application made it late', async () => {
    const clock = createTestClock()
    const metrics = recordMetrics()
    const health = create({ clock, meter: metrics.meter })
    health.markStarted()

    health.add('db', never)
    const before = health.handle('/readyz')
    await clock.advance(1)

    expect([before?.status, before?.body]).toEqual([503, 'not ready: check\n'])
    expect(health.handle('/readyz', { authorized: true })?.body).toBe('ready\ndb up (local, gates)\n')
    expect(health.handle('/readyz')?.body).toBe('ready\n')
    await metrics.collect()
    expect(metrics.value('health_check_up', { check: 'db' })).toBe(1)
  })

  it('add() takes a manual check when code reports it', () => {
    const health = create({ clock: createTestClock() }) as Health

    health.add('mail', manualCheck({ scope: 'shared' }))
    health.report('mail', true)

    expect(health.status().checks).toEqual([expect.objectContaining({ name: 'mail', status: 'up', gates: false })])
  })

  it('add() refuses a name outside the grammar and one in use', () => {
    const health = create({ checks: { db: never }, clock: createTestClock() })

    expect(() => health.add('Not OK', never)).toThrow(/check "Not OK"/)
    expect(() => health.add('db', never)).toThrow(/add check db: there is one, expected a new name/)
  })

  it('add() starts nothing when health is closed', async () => {
    const clock = createTestClock()
    const health = create({ clock })
    health.close()

    let runs = 0
    health.add(
      'db',
      check(() => runs++, { scope: 'local', everyMs: 1000, timeoutMs: 100 }),
    )
    await clock.advance(5000)

    expect([runs, health.status().checks]).toEqual([0, []])
  })
})

describe('admit()', () => {
  const overloaded = async () => {
    const clock = createTestClock()
    const logs = recordLogs()
    const metrics = recordMetrics()
    let lateMs = 0
    // A clock whose beats come late says that the loop is behind.
    const lateClock = { ...clock, monotonic: () => clock.monotonic() + lateMs }
    const slow = {
      ...lateClock,
      now: () => clock.now(),
      setTimeout: clock.setTimeout.bind(clock),
      setInterval: (callback: () => void, ms: number) =>
        clock.setInterval(() => {
          lateMs += step
          callback()
        }, ms),
    }
    let step = 150
    const health = create({
      clock: slow,
      random: createTestRandom(3),
      utilization: () => (step === 0 ? 0.2 : 1),
      overload: {},
      logger: logs.logger,
      meter: metrics.meter,
    })
    health.markStarted()
    await clock.advance(1000)
    return { health, clock, logs, metrics, relax: () => (step = 0) }
  }

  it('admit() lets everything pass when there is no overload', () => {
    const health = create({ clock: createTestClock() })

    expect((['low', 'normal', 'high', 'critical'] as const).map((p) => health.admit(p))).toEqual(
      Array(4).fill(undefined),
    )
  })

  it('admit() sheds the least important first and takes the replica out when the loop is late', async () => {
    const { health, metrics, logs } = await overloaded()

    expect(health.admit('low')?.retryAfterMs).toBeGreaterThanOrEqual(1000)
    expect(health.admit('low')?.retryAfterMs).toBeLessThanOrEqual(3000)
    expect([health.admit(), health.admit('high'), health.admit('critical')]).toEqual(Array(3).fill(undefined))
    expect(health.handle('/readyz')?.body).toBe('not ready: overloaded\n')
    expect(health.handle('/livez')?.status).toBe(200)
    await metrics.collect()
    expect(metrics.value('service_requests_shed_total', { priority: 'low' })).toBe(2)
    expect(metrics.value('service_overload_level')).toBe(1)
    expect(logs.records.map(({ message }) => message)).toContain('Overloaded: shedding requests')
  })

  it('admit() lets all pass again when the loop has recovered', async () => {
    const { health, clock, relax, logs } = await overloaded()

    relax()
    await clock.advance(1100)

    expect(health.admit('low')).toBeUndefined()
    expect(health.handle('/readyz')?.status).toBe(200)
    expect(logs.records.at(-1)?.message).toBe('Overload is over')
  })

  it('admit() never sheds in development, where overload is off', async () => {
    const clock = createTestClock()
    const health = create({ clock, utilization: () => 1, overload: false })

    await clock.advance(5000)

    expect(health.admit('low')).toBeUndefined()
  })
})

describe('metrics', () => {
  it('collect() tells what is up and whether the replica is ready', async () => {
    const { meter, value, collect, problems } = recordMetrics()
    const clock = createTestClock()
    const health = create({ checks: { db: never, queue: manualCheck({ scope: 'shared' }) }, clock, meter })
    health.markStarted()
    await collect()
    expect(value('service_ready')).toBe(0)

    await clock.advance(1)
    await collect()

    expect(value('service_ready')).toBe(1)
    expect(value('health_check_up', { check: 'db' })).toBe(1)
    expect(value('health_check_up', { check: 'queue' })).toBe(0)
    expect(value('health_check_duration_seconds', { check: 'db' })).toBe(1)
    expect(problems).toEqual([])
  })
})

describe('diskCheck()', () => {
  it('diskCheck() is up when there is room and down when there is less than asked for', async () => {
    const room = diskCheck('/', { maxRatio: 1, scope: 'local' })
    const none = diskCheck('/', { maxRatio: 0.000001, scope: 'local' })
    const signal = new AbortController().signal

    await expect(room.run?.(signal)).resolves.toBeUndefined()
    await expect(none.run?.(signal)).rejects.toThrow(/% full/)
  })
})

describe('misuse', () => {
  const options = { scope: 'local', everyMs: 1000, timeoutMs: 100 } as const

  it.each([
    [() => check(() => true, { ...options, everyMs: 1 }), /everyMs is 1/],
    [() => check(() => true, { ...options, timeoutMs: 2000 }), /timeoutMs is 2000, expected at most everyMs/],
    [() => check(() => true, { ...options, downAfter: 0 }), /downAfter is 0/],
    [() => check(() => true, { ...options, holdMs: -1 }), /holdMs is -1/],
    [() => check(() => true, { ...options, scope: 'global' as never }), /scope is "global"/],
    [
      () => check(() => true, { ...options, scope: 'shared', gate: true, critical: false }),
      /gate is true and critical false/,
    ],
    [() => manualCheck({ scope: 'local', ttlMs: 0 }), /ttlMs is 0/],
    [() => diskCheck('/', { scope: 'local', maxRatio: 2 }), /maxRatio is 2/],
    [() => createHealth({ checks: { 'Not OK': never } }), /check "Not OK"/],
    [() => createHealth({ groups: { stores: ['db'] } } as never), /group stores names db, expected checks that exist/],
    [() => createHealth({ checks: { db: never }, groups: { livez: ['db'] } } as never), /group "livez"/],
    [() => createHealth({ wedgedAfterMs: 10 }), /wedgedAfterMs is 10/],
  ])('creation refuses what cannot work: %#', (create, message) => {
    expect(create).toThrow(message)
  })

  it('report() refuses a check that runs by itself', () => {
    const health = create({ checks: { db: never }, clock: createTestClock() })

    expect(() => health.report('db', true)).toThrow(/not a manual check/)
  })

  it('createHealth() has no place for a check of liveness, by type', () => {
    // @ts-expect-error liveness and startup ask no dependency
    expect(() => createHealth({ checks: { db: never }, groups: { livez: ['db'] } })).toThrow(TypeError)
    // @ts-expect-error groups name checks that exist
    expect(() => createHealth({ checks: { db: never }, groups: { stores: ['bd'] } })).toThrow(TypeError)
    // @ts-expect-error a local check always gates
    expect(check(() => true, { scope: 'local', gate: true, everyMs: 1000, timeoutMs: 100 }).gates).toBe(true)
  })
})
