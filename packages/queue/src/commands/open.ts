/** What a command works on: the Redis, and the queues that are in it. */
import { Cluster, Redis } from 'ioredis'
import type { RedisClient } from '../connection.ts'
import { createQueue, type Queue } from '../queue.ts'
import { prefixOf } from '../store.ts'
import type { Values } from './arguments.ts'
import type { CommandContext } from './context.ts'
import { loadDeclared } from './declared.ts'

const CONNECT_MS = 3_000

/** A connection for one command; it gives up instead of waiting. @throws Error that says what to do */
export async function openRedis({ redis: given }: Values, { env = process.env }: CommandContext): Promise<RedisClient> {
  const text = given ?? env['REDIS_URL']
  if (text === undefined || text === '')
    throw new TypeError('Cannot find Redis: neither --redis nor REDIS_URL is set, expected redis://host:port')
  const urls = text.split(',').map((one) => parseUrl(one.trim()))
  const client = urls.length > 1 ? openCluster(urls) : openSingle(urls[0] as URL)
  let last: unknown
  client.on('error', (error: unknown) => (last = error))
  try {
    await client.connect()
  } catch (error) {
    client.disconnect()
    const where = urls.map(({ host }) => host).join(', ')
    const why = [error, last].map((one) => (one instanceof Error ? one.message : String(one))).find((one) => one !== '')
    throw new Error(
      `Cannot reach Redis at ${where}: ${why}, expected an address in --redis or REDIS_URL that answers (several with commas between: a Cluster)`,
      { cause: error },
    )
  }
  return client
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // The text may hold a password: it is not repeated.
  if (url === undefined || !/^rediss?:$/.test(url.protocol))
    throw new TypeError('Cannot use the address of Redis: expected redis://host:port or rediss://host:port')
  return url
}

const BOUNDED = {
  protocol: 2,
  replyMapping: 'legacy',
  lazyConnect: true,
  connectTimeout: CONNECT_MS,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  disconnectTimeout: 100,
} as const

function openSingle(url: URL): RedisClient {
  return new Redis(url.href, { ...BOUNDED, retryStrategy: () => null })
}

function openCluster(urls: readonly URL[]): RedisClient {
  const [{ username, password, protocol }] = urls as readonly [URL]
  const redisOptions = {
    protocol: 2,
    replyMapping: 'legacy',
    connectTimeout: CONNECT_MS,
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  } as const
  const nodes = urls.map(({ hostname: host, port }) => ({ host, port: Number(port || 6379) }))
  return new Cluster(nodes, {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => null,
    redisOptions,
  })
}

const QUEUE_KEY = /^\{ops:([a-z][a-z0-9._-]{0,63})\}:\1:meta$/

/** Names of the queues in this Redis, sorted. */
export async function findQueues(redis: RedisClient): Promise<string[]> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis]
  const names = new Set<string>()
  for (const node of nodes) {
    let cursor = '0'
    do {
      const [next, keys] = await node.scan(cursor, 'MATCH', '{ops:*}:*:meta', 'COUNT', 1_000)
      for (const key of keys) {
        const name = QUEUE_KEY.exec(String(key))?.[1]
        if (name !== undefined) names.add(name)
      }
      cursor = String(next)
    } while (cursor !== '0')
  }
  return [...names].sort()
}

/** The queue `--queue` names. Looked for first: opening one that is not there would make it. @throws TypeError */
export async function openQueue(redis: RedisClient, values: Values, context: CommandContext): Promise<Queue> {
  const { queue: name } = values
  const there = name !== undefined && (await redis.exists(`${prefixOf(name)}:${name}:meta`)) === 1
  if (name === undefined || !there) {
    const found = await findQueues(redis)
    const state =
      name === undefined
        ? 'Cannot choose a queue: no --queue is given'
        : `Cannot open queue ${name}: it is not in this Redis`
    throw new TypeError(
      `${state}, expected ${found.length === 0 ? 'one, but there is none' : `one of ${found.join(', ')}`}`,
    )
  }
  return createQueue(name, { redis, ...(await loadDeclared(values, context)) })
}
