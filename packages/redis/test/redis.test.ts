import { trace } from '@opentelemetry/api'
import { createContext, runInContext } from '@ops/core'
import { recordMetrics, recordSpans, waitFor } from '@ops/testing'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import {
  assertNoEviction,
  createRedis,
  hashTag,
  type RedisClient,
  type RedisOptions,
  redisCheck,
  redisReady,
} from '../src/index.ts'

const url = inject('redisUrl')
const open: RedisClient[] = []
const create = (more: Partial<RedisOptions> = {}) => {
  const client = createRedis({ url, name: 'test', ...more })
  open.push(client)
  return client
}
afterEach(() => {
  for (const client of open.splice(0)) client.disconnect()
})

describe('createRedis()', () => {
  test('createRedis() returns a client that works once ready', async () => {
    const redis = create()
    await redisReady(redis)

    await redis.set('redis-test:a', '1')

    expect(await redis.get('redis-test:a')).toBe('1')
  })

  test('createRedis() fails commands at once when there is no connection yet', async () => {
    const redis = create()

    await expect(redis.get('x')).rejects.toThrow(/writeable|writable/)
  })

  test('createRedis() lets commands of a worker wait for the connection', async () => {
    expect(await create({ role: 'worker' }).ping()).toBe('PONG')
  })

  test.each([
    [{ name: 'x' }, /0 of url, cluster and sentinel/],
    [{ name: 'x', url, cluster: { nodes: [{ host: 'a', port: 1 }] } }, /2 of url, cluster and sentinel/],
    [{ name: 'x', url: 'http://user:hunter2@h' }, /url is malformed/],
    [{ name: 'a b', url }, /name is "a b"/],
    [{ name: 'x', url, commandTimeoutMs: 0 }, /commandTimeoutMs is 0/],
    [{ name: 'x', cluster: { nodes: [] } }, /nodes are empty/],
    [{ name: 'x', url, passwordFile: 'f', credentials: () => ({}) }, /credentials and passwordFile/],
  ])('createRedis() refuses %j', (options, message) => {
    expect(() => createRedis(options as RedisOptions)).toThrow(message)
  })

  test('createRedis() never repeats a URL in its errors', () => {
    expect(() => createRedis({ name: 'x', url: 'http://user:hunter2@h' })).not.toThrow(/hunter2/)
  })
})

describe('telemetry', () => {
  test('redis_up and redis_command_duration_seconds record a client', async () => {
    const metrics = recordMetrics()
    const redis = create({ meter: metrics.meter })
    await redisReady(redis)

    await redis.get('x')
    await redis.call('nope').catch(() => {})
    await metrics.collect()

    expect(metrics.value('redis_up', { client: 'test' })).toBe(1)
    expect(metrics.value('redis_command_duration_seconds', { command: 'get', result: 'ok' })).toBe(1)
    expect(metrics.value('redis_command_duration_seconds', { command: 'nope', result: 'error' })).toBe(1)
    expect(metrics.problems).toEqual([])
  })

  test('redis_up says 0 when the client is closed', async () => {
    const metrics = recordMetrics()
    const redis = create({ meter: metrics.meter })
    await redisReady(redis)

    redis.disconnect()
    await waitFor(() => redis.status === 'end')

    expect(metrics.value('redis_up', { client: 'test' })).toBe(0)
  })

  describe('spans', () => {
    let recording: ReturnType<typeof recordSpans>
    beforeEach(() => {
      recording = recordSpans()
    })
    afterEach(() => recording.stop())

    test('a command inside a span has a span of its own, without its arguments', async () => {
      const redis = create()
      await redisReady(redis)

      await runInContext(createContext(), () =>
        trace.getTracer('test').startActiveSpan('request', async (span) => {
          await redis.set('redis-test:secret', 'hunter2')
          span.end()
        }),
      )

      const span = recording.spans.find((one) => one.name === 'redis set')
      expect(span?.ended).toBe(true)
      expect(JSON.stringify(span)).not.toContain('hunter2')
    })
  })
})

describe('redisCheck()', () => {
  test('redisCheck() resolves when Redis answers', async () => {
    const redis = create()
    await redisReady(redis)

    await expect(redisCheck(redis)()).resolves.toBeUndefined()
  })

  test('redisCheck() rejects when the client is closed', async () => {
    const redis = create()
    redis.disconnect()

    await expect(redisCheck(redis)()).rejects.toMatchObject({ code: 'OPS_REDIS_UNAVAILABLE' })
  })

  test('redisCheck() rejects with the reason of its signal when that aborts', async () => {
    const redis = create()
    await redisReady(redis)

    await expect(redisCheck(redis)(AbortSignal.abort(new Error('late')))).rejects.toThrow('late')
  })
})

describe('assertNoEviction()', () => {
  test('assertNoEviction() accepts noeviction', async () => {
    const redis = create()
    await redisReady(redis)

    await expect(assertNoEviction(redis)).resolves.toBeUndefined()
  })
})

describe('hashTag()', () => {
  test('hashTag() wraps text in braces and refuses what Redis would read otherwise', () => {
    expect(hashTag('a:b')).toBe('{a:b}')
    for (const tag of ['', 'a}b', '{']) expect(() => hashTag(tag)).toThrow(TypeError)
  })
})
