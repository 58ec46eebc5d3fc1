/** The part of an ioredis client this package uses: any version or wrapper that has it will do. */

/** Arguments of a command. */
export type RedisArgument = string | Buffer | number

/** An ioredis `Redis` or `Cluster` (5 or 6), or something that behaves like one. */
export interface RedisLike {
  /** `ready` while commands can be sent. */
  readonly status: string
  readonly isCluster?: boolean
  callBuffer(command: string, ...args: RedisArgument[]): Promise<unknown>
  /** A new connection with the same settings. */
  duplicate(override?: never): RedisLike
  /** The connections of a Cluster. */
  nodes?(role: 'master'): readonly RedisLike[]
  subscribe(...channels: string[]): Promise<unknown>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
  disconnect(): void
}

/** @throws TypeError when `redis` is no such client. */
export function assertRedisLike(redis: unknown, cache: string): asserts redis is RedisLike {
  const client = redis as Partial<RedisLike> | null | undefined
  if (client === undefined || client === null) {
    throw new TypeError(
      `Cannot create cache ${cache}: redis is missing, expected an ioredis client (createRedis of @ops/redis)`,
    )
  }
  if (
    typeof client.callBuffer !== 'function' ||
    typeof client.duplicate !== 'function' ||
    typeof client.on !== 'function'
  ) {
    throw new TypeError(
      `Cannot create cache ${cache}: redis is no ioredis client, expected one with callBuffer, duplicate and on`,
    )
  }
}
