/** What `createRedis` takes, its defaults, and the checks that refuse a contradiction at creation. */
import type { ConnectionOptions } from 'node:tls'
import type { Clock, Lifecycle, Logger, Meter, Random } from '@ops/core'

/** A server's address. */
export interface RedisAddress {
  readonly host: string
  /** 1 to 65,535. */
  readonly port: number
}

/** A Redis Cluster. */
export interface RedisClusterOptions {
  /** Some of its nodes; the rest is discovered. */
  readonly nodes: readonly RedisAddress[]
  /** Addresses as the nodes announce them (`host:port`), to addresses that reach them. @defaultValue as announced */
  readonly natMap?: Readonly<Record<string, RedisAddress>>
}

/** Masters found through Sentinel. */
export interface RedisSentinelOptions {
  /** The sentinels, at least one. */
  readonly nodes: readonly RedisAddress[]
  /** The name under which the sentinels watch the master. */
  readonly masterName: string
  /** Password of the sentinels themselves. @defaultValue none */
  readonly sentinelPassword?: string
}

/** Who a connection says it is. */
export interface RedisCredentials {
  /** @defaultValue the default user */
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** One of `url`, `cluster` and `sentinel` is required. */
export interface RedisOptions {
  /** `redis://` or `rediss://` (TLS) with an optional user, password and database. One of `url`, `cluster` and `sentinel` is required. */
  readonly url?: string
  /** A Redis Cluster. @defaultValue none */
  readonly cluster?: RedisClusterOptions
  /** Masters found through Sentinel. @defaultValue none */
  readonly sentinel?: RedisSentinelOptions
  /** What the connection is for: label `client` of the metrics and name in `CLIENT LIST`. 1 to 64 of `[A-Za-z0-9._-]`. */
  readonly name: string
  /**
   * `request`: whatever cannot be done at once fails. `worker`: commands wait for the connection, without a time limit,
   * as blocking consumers (BullMQ workers) need it.
   *
   * @defaultValue 'request'
   */
  readonly role?: 'request' | 'worker'
  /** Read again at every connection, so that a rotated password needs no restart. Wins over the URL's. @defaultValue the URL's */
  readonly credentials?: () => RedisCredentials
  /** File that holds the password (what `NAME_FILE` points to), read again at every connection. @defaultValue none */
  readonly passwordFile?: string
  /** TLS settings; `rediss://` alone uses Node's defaults. @defaultValue no TLS, or the defaults with `rediss://` */
  readonly tls?: ConnectionOptions
  /** Longest wait for a reply in role `request`, in milliseconds; 1 to 60,000. @defaultValue 500 */
  readonly commandTimeoutMs?: number
  /** Longest wait for a connection, in milliseconds; 1 to 60,000. @defaultValue 2_000 */
  readonly connectTimeoutMs?: number
  /** Longest pause between two attempts to connect, in milliseconds; 50 to 60,000. @defaultValue 2_000 */
  readonly maxRetryDelayMs?: number
  /** @defaultValue one that discards */
  readonly logger?: Logger
  /** @defaultValue one that discards */
  readonly meter?: Meter
  /** Closes the connection with the service. @defaultValue the caller closes it */
  readonly lifecycle?: Lifecycle
  /** @defaultValue the system's */
  readonly clock?: Clock
  /** @defaultValue `Math.random` */
  readonly random?: Random
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/
const URL_SCHEME = /^rediss?:\/\//

/** @throws TypeError or RangeError that names what is wrong; never repeats a URL, which may hold a password. */
export function assertRedisOptions(options: RedisOptions): void {
  if (!NAME.test(options.name)) {
    throw new TypeError(`Cannot create a Redis client: name is ${JSON.stringify(options.name)}, expected ${NAME}`)
  }
  const targets = [options.url, options.cluster, options.sentinel].filter((target) => target !== undefined).length
  if (targets !== 1) {
    throw new TypeError(
      `Cannot create Redis client ${options.name}: ${targets} of url, cluster and sentinel are given, expected exactly one`,
    )
  }
  if (options.url !== undefined && !(URL_SCHEME.test(options.url) && URL.canParse(options.url))) {
    throw new TypeError(`Cannot create Redis client ${options.name}: url is malformed, expected redis:// or rediss://`)
  }
  if (options.credentials !== undefined && options.passwordFile !== undefined) {
    throw new TypeError(
      `Cannot create Redis client ${options.name}: credentials and passwordFile are given, expected one of them`,
    )
  }
  const nodes = options.cluster?.nodes ?? options.sentinel?.nodes
  if (nodes?.length === 0) {
    throw new TypeError(`Cannot create Redis client ${options.name}: nodes are empty, expected at least one`)
  }
  assertRange(options, 'commandTimeoutMs', 1)
  assertRange(options, 'connectTimeoutMs', 1)
  assertRange(options, 'maxRetryDelayMs', 50)
}

function assertRange(
  options: RedisOptions,
  key: 'commandTimeoutMs' | 'connectTimeoutMs' | 'maxRetryDelayMs',
  min: number,
): void {
  const value = options[key]
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= 60_000)) return
  throw new RangeError(
    `Cannot create Redis client ${options.name}: ${key} is ${value}, expected an integer from ${min} to 60000`,
  )
}
