/** What a client does when its server misbehaves: every way it can, one at a time. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createFaultProxy,
  type FaultProxy,
  freePort,
  type RedisServer,
  recordLogs,
  recordMetrics,
  startRedisServer,
  waitFor,
} from '@ops/testing'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  assertNoEviction,
  createRedis,
  type RedisClient,
  type RedisOptions,
  redisCheck,
  redisReady,
} from '../src/index.ts'

let server: RedisServer
let proxy: FaultProxy
const open: { disconnect(): void }[] = []
beforeEach(async () => {
  server = await startRedisServer()
  proxy = await createFaultProxy({ port: server.port })
})
afterEach(async () => {
  for (const client of open.splice(0)) client.disconnect()
  await proxy.close()
  await server.close()
})

function create(more: Partial<RedisOptions> = {}): Redis {
  const client = createRedis({ url: `redis://127.0.0.1:${proxy.port}`, name: 'test', maxRetryDelayMs: 50, ...more })
  open.push(client)
  return client
}
async function connected<T extends RedisClient>(client: T): Promise<T> {
  await redisReady(client)
  return client
}

/** Cuts the connection and waits for the next one, however soon it comes. */
async function cut(redis: Redis): Promise<void> {
  const closed = new Promise((resolve) => redis.once('close', resolve))
  proxy.cut()
  await closed
  await redisReady(redis)
}

describe('createRedis()', () => {
  test('a command fails after commandTimeoutMs when Redis is frozen', async () => {
    const redis = await connected(create({ commandTimeoutMs: 50 }))
    proxy.freeze()

    await expect(redis.get('x')).rejects.toThrow('Command timed out')
    await expect(redisCheck(redis)()).rejects.toMatchObject({ code: 'OPS_REDIS_UNAVAILABLE' })
  })

  test('commands in flight fail at once and are not sent again when the connection is cut', async () => {
    const redis = await connected(create({ commandTimeoutMs: 60_000 }))
    await redis.set('n', 0)
    proxy.freeze()
    const pending = [redis.incr('n'), redis.incr('n')].map((one) => one.catch((error: Error) => error.message))

    proxy.cut()
    proxy.thaw()

    for (const outcome of await Promise.all(pending)) expect(outcome).not.toBe(1)
    await redisReady(redis)
    expect(await redis.get('n')).toBe('0')
  })

  test('the client connects again by itself when Redis was killed, and says so once each way', async () => {
    const { logger, records } = recordLogs()
    const metrics = recordMetrics()
    const redis = await connected(create({ logger, meter: metrics.meter, url: server.url }))

    await server.kill()
    await waitFor(() => redis.status === 'reconnecting')
    await expect(redis.get('x')).rejects.toThrow()
    await waitFor(() => records.length === 1)
    await server.start()
    await redisReady(redis)

    expect(records.map(({ message }) => message)).toEqual(['redis connection failed', 'redis connection is back'])
    expect(metrics.value('redis_disconnects_total', { client: 'test' })).toBeGreaterThan(0)
  })

  test('the client looks for the master again when a replica refuses a write, and for no other refusal', async () => {
    const redis = await connected(create())
    await redis.set('text', 'x')
    const before = proxy.accepted
    await expect(redis.incr('text')).rejects.toThrow(/not an integer/)
    await expect(redis.eval("return redis.error_reply('ERR about READONLY ')", 0)).rejects.toThrow()
    expect(proxy.accepted).toBe(before)

    await redis.replicaof('127.0.0.1', 1)
    await expect(redis.set('text', 'y')).rejects.toThrow(/^READONLY/)

    await waitFor(() => proxy.accepted === before + 1)
  })

  test('a worker’s command waits out an outage', async () => {
    const redis = await connected(create({ role: 'worker', url: server.url }))
    await server.kill()
    const pinging = redis.ping()

    await server.start()

    expect(await pinging).toBe('PONG')
  })

  test('a rotated password is read from its file when the client connects again, by duplicates too', async () => {
    const file = join(server.dir, 'password')
    const admin = new Redis(server.url)
    open.push(admin)
    writeFileSync(file, 'first\n')
    await admin.config('SET', 'requirepass', 'first')
    const redis = await connected(create({ passwordFile: file }))

    await admin.config('SET', 'requirepass', 'second')
    writeFileSync(file, 'second\n')
    await cut(redis)
    const copy = redis.duplicate()
    open.push(copy)
    await redisReady(copy)

    expect([await redis.ping(), await copy.ping()]).toEqual(['PONG', 'PONG'])
  })

  test('credentials that cannot be read leave the last ones in use', async () => {
    const admin = new Redis(server.url)
    open.push(admin)
    await admin.config('SET', 'requirepass', 'first')
    let password: string | undefined = 'first'
    const credentials = () => {
      if (password === undefined) throw new Error('being rotated')
      return { password }
    }
    const redis = await connected(create({ credentials }))

    password = undefined
    await cut(redis)

    expect(await redis.ping()).toBe('PONG')
  })

  test('the client finds its master through Sentinel', async () => {
    const port = await freePort()
    const config = join(server.dir, 'sentinel.conf')
    writeFileSync(
      config,
      `port ${port}\nbind 127.0.0.1\ndir ${server.dir}\nsentinel monitor main 127.0.0.1 ${server.port} 1\n`,
    )
    const sentinel = spawn(process.env['REDIS_SERVER'] ?? 'redis-server', [config, '--sentinel'], { stdio: 'ignore' })
    try {
      const redis = createRedis({ name: 's', sentinel: { nodes: [{ host: '127.0.0.1', port }], masterName: 'main' } })
      open.push(redis)
      await redisReady(redis)

      expect(await redis.config('GET', 'port')).toEqual(['port', String(server.port)])
    } finally {
      sentinel.kill('SIGKILL')
      await once(sentinel, 'exit')
    }
  })

  test('the client works on a Cluster and keeps its policy', async () => {
    const node = await startRedisServer({
      args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
      port: await freePort(55_000),
    })
    const metrics = recordMetrics()
    try {
      const admin = new Redis(node.url)
      open.push(admin)
      await admin.cluster('ADDSLOTSRANGE', 0, 16_383)
      await waitFor(async () => (await admin.cluster('INFO')).includes('cluster_state:ok'))
      const nodes = [{ host: '127.0.0.1', port: node.port }]
      const redis = createRedis({ name: 'c', cluster: { nodes }, meter: metrics.meter })
      open.push(redis)
      await expect(redis.get('x')).rejects.toThrow()
      await redisReady(redis)

      await redis.set('x', '1')
      await redisCheck(redis)()

      expect(metrics.value('redis_command_duration_seconds', { client: 'c', command: 'set', result: 'ok' })).toBe(1)

      const file = join(server.dir, 'password')
      writeFileSync(file, 'first')
      await admin.config('SET', 'requirepass', 'first')
      const rotating = createRedis({ name: 'r', cluster: { nodes }, passwordFile: file, maxRetryDelayMs: 50 })
      open.push(rotating)
      await redisReady(rotating)
      await admin.config('SET', 'requirepass', 'second')
      writeFileSync(file, 'second')
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal')
      await waitFor(async () => (await rotating.get('x')) === '1')
    } finally {
      await node.close()
    }
  })
})

describe('redisReady()', () => {
  test('redisReady() rejects when the signal aborts or the client is closed', async () => {
    await proxy.refuse()
    const redis = create()
    const controller = new AbortController()
    const [late, closed] = [redisReady(redis, controller.signal), redisReady(redis)]

    controller.abort(new Error('late'))
    await expect(late).rejects.toThrow('late')
    redis.disconnect()
    await expect(closed).rejects.toMatchObject({ code: 'OPS_REDIS_UNAVAILABLE' })
  })
})

describe('assertNoEviction()', () => {
  test('assertNoEviction() refuses a server that evicts', async () => {
    const redis = await connected(create())
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')

    await expect(assertNoEviction(redis)).rejects.toMatchObject({
      code: 'OPS_REDIS_EVICTING',
      details: { policy: 'allkeys-lru' },
    })
  })
})
