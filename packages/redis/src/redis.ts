/** `createRedis`: an ioredis client under one failure policy, observed, with credentials that rotate. */
import { systemRandom } from '@ops/core'
import { Cluster, type RedisOptions as IoredisOptions, Redis } from 'ioredis'
import { bindCredentials, credentialsOf } from './credentials.ts'
import { connectionPolicy, retryDelayMs } from './failure-policy.ts'
import { observeClient } from './observe.ts'
import { assertRedisOptions, type RedisClusterOptions, type RedisOptions } from './options.ts'

/** What {@link createRedis} returns: ioredis's own client, so that everything built for ioredis takes it. */
export type RedisClient = Redis | Cluster

/**
 * Creates a client and starts to connect. Never throws for a server that cannot be reached: commands of role `request`
 * fail at once while there is no connection, those of role `worker` wait. Use `redisReady` to wait for the first connection.
 * A duplicate (`client.duplicate()`) keeps policy, credentials and observation.
 *
 * @throws TypeError or RangeError for options that contradict each other or are out of range.
 * @example
 * const redis = createRedis({ url: 'redis://127.0.0.1:6379', name: 'cache' })
 */
export function createRedis(options: RedisOptions & { readonly cluster: RedisClusterOptions }): Cluster
export function createRedis(options: RedisOptions): Redis
export function createRedis(options: RedisOptions): RedisClient {
  assertRedisOptions(options)
  const { cluster } = options
  const client = cluster === undefined ? connectServer(options, {}) : connectCluster(options, cluster)
  options.lifecycle?.onClose(`redis ${options.name}`, () => client.disconnect())
  return client
}

function connectServer(options: RedisOptions, overrides: Partial<IoredisOptions>): Redis {
  const { lazyConnect = false, ...rest } = overrides
  const target = options.sentinel === undefined ? {} : sentinelTarget(options.sentinel)
  const settings = {
    ...connectionPolicy(options),
    ...target,
    ...rest,
    lazyConnect: true,
    replyMapping: 'legacy' as const,
  }
  const client = options.url === undefined ? new Redis(settings) : new Redis(options.url, settings)
  const credentials = credentialsOf(options)
  if (credentials !== undefined) bindCredentials(client.options, credentials)
  observeClient(client, options)
  // ioredis would copy the present password and lose the observation.
  Object.assign(client, {
    duplicate: (more?: Partial<IoredisOptions>) => connectServer(options, { ...overrides, ...more }),
  })
  if (!lazyConnect) client.connect().catch(reportedByEvent)
  return client
}

function sentinelTarget(sentinel: NonNullable<RedisOptions['sentinel']>): IoredisOptions {
  return {
    sentinels: sentinel.nodes.map((node) => ({ ...node })),
    name: sentinel.masterName,
    ...(sentinel.sentinelPassword === undefined ? {} : { sentinelPassword: sentinel.sentinelPassword }),
  }
}

function connectCluster(options: RedisOptions, cluster: RedisClusterOptions): Cluster {
  const { enableOfflineQueue, retryStrategy: _, ...node } = connectionPolicy(options)
  const { maxRetryDelayMs = 2_000, random = systemRandom } = options
  const credentials = credentialsOf(options)
  const client = new Cluster(
    cluster.nodes.map((address) => ({ ...address })),
    {
      protocol: 2,
      lazyConnect: true,
      enableOfflineQueue: enableOfflineQueue ?? true,
      redisOptions: { ...node },
      clusterRetryStrategy: (attempt) => retryDelayMs(attempt, maxRetryDelayMs, random),
      slotsRefreshTimeout: options.connectTimeoutMs ?? 2_000,
      ...(cluster.natMap === undefined ? {} : { natMap: { ...cluster.natMap } }),
    } as ConstructorParameters<typeof Cluster>[1],
  )
  // A node that was lost comes back as a new one.
  if (credentials !== undefined) client.on('+node', (added: Redis) => bindCredentials(added.options, credentials))
  observeClient(client, options)
  Object.assign(client, { duplicate: () => connectCluster(options, cluster) })
  client.connect().catch(reportedByEvent)
  return client
}

/** The `error` event says the same; the listener of `observeClient` logs it. */
function reportedByEvent(): void {}
