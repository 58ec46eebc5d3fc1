/** The flags of a service in their Redis, opened for one command. */
import type { FlagStore } from '@ops/flags'
import type { CliContext } from '../command/command.ts'
import { redisOf, tryLoadDeclared } from '../commands/declared-redis.ts'
import { PackageMissingError, UsageError } from '../errors.ts'

/** A declared flag, as far as commands read it. */
export interface Declaration {
  readonly defaultValue: boolean
  readonly description: string
  readonly rollout?: string
  readonly removeBy?: string
}

/** What a command on flags works with. */
export interface FlagsOfService {
  /** Undefined where no declaration was found. */
  readonly declared: Readonly<Record<string, Declaration>> | undefined
  readonly store: FlagStore
}

/** Where flags are looked for. */
export interface Where {
  readonly service: string | undefined
  readonly redis: string | undefined
  readonly name: string
}

const CONNECT_MS = 3_000
const PEERS = '@ops/redis @openfeature/server-sdk ioredis'

/** Opens, works, closes. @throws UsageError without an address, PackageMissingError, and what Redis says. */
export async function withFlags<T>(
  { service, redis: given, name }: Where,
  context: CliContext,
  work: (flags: FlagsOfService) => Promise<T>,
): Promise<T> {
  const found = await tryLoadDeclared(service)
  const declared = (found?.definition as { readonly flags?: FlagsOfService['declared'] } | undefined)?.flags
  const url = given ?? (found === undefined ? undefined : await redisOf(found, context)) ?? context.env['REDIS_URL']
  if (!url) throw new UsageError('Cannot find Redis: neither --redis nor REDIS_URL is set, expected redis://host:port')
  const { createFlagStore, createRedis, redisReady } = await loadPackages()
  const nodes = url.split(',')
  const redis = createRedis({
    ...{ name: 'ops-cli', connectTimeoutMs: CONNECT_MS, commandTimeoutMs: CONNECT_MS },
    ...(nodes.length > 1 ? { cluster: { nodes: nodes.map(addressOf) } } : { url }),
  })
  try {
    await redisReady(redis, AbortSignal.timeout(CONNECT_MS)).catch((error: unknown) => {
      throw unreachable(nodes, error)
    })
    return await work({ declared, store: createFlagStore({ redis, name }) })
  } finally {
    redis.disconnect()
  }
}

/** The address may hold a password: only host and port are repeated. */
function unreachable(nodes: readonly string[], error: unknown): UsageError {
  const hosts = nodes.map((text) => (URL.canParse(text) ? new URL(text).host : 'an address that is no URL'))
  const reason = error instanceof Error ? error.message : String(error)
  return new UsageError(
    `Cannot reach redis at ${hosts.join(', ')}: ${reason}, expected an answer within ${CONNECT_MS} ms`,
  )
}

function addressOf(text: string): { host: string; port: number } {
  const { hostname: host, port } = new URL(text.trim())
  return { host, port: Number(port || 6379) }
}

/** Loaded only here: OpenFeature and ioredis are the service's, and no other command needs them. */
async function loadPackages() {
  try {
    const [{ createFlagStore }, { createRedis, redisReady }] = await Promise.all([
      import('@ops/flags'),
      import('@ops/redis'),
    ])
    return { createFlagStore, createRedis, redisReady }
  } catch (error) {
    throw new PackageMissingError('run ops flags', '@ops/flags', error, PEERS)
  }
}
