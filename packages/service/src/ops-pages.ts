/** Operator pages of the ops port: what is configured and why, and the log level while it runs. */
import type { Config, ConfigShape } from '@ops/config'
import { LOG_LEVELS, type LogLevel, tryParseDuration } from '@ops/core'
import type { OpsLogger } from '@ops/logger'
import type { OpsPage, OpsRequest, OpsResponse } from '@ops/ops-port'

/** `GET /ops/config`: status and every setting with its origin; secrets stay hidden. */
export function configPage<S extends ConfigShape>(config: Config<S>): OpsPage {
  return {
    paths: ['/ops/config'],
    access: 'restricted',
    handle: () =>
      json(200, {
        ...config.status(),
        settings: Object.keys(config.current).map((key) => config.explain(key as keyof S & string)),
      }),
  }
}

/** `GET /ops/loglevel`, and `PUT` of `{ level, component?, tenant?, ttl?, by }`. */
export function logLevelPage(logger: OpsLogger): OpsPage {
  return {
    paths: ['/ops/loglevel'],
    access: 'restricted',
    handle: (request) => (request.method === 'PUT' ? changeLevel(logger, request) : json(200, { level: logger.level })),
  }
}

function changeLevel(logger: OpsLogger, request: OpsRequest): OpsResponse {
  const change = parseChange(request.body)
  if (change === undefined) {
    return json(400, {
      error: `Send { "level": one of ${LOG_LEVELS.join(', ')}, "by": who, "ttl"?: '10m', "component"?, "tenant"? }`,
    })
  }
  const { level, ...scope } = change
  logger.setLevel(level, scope)
  return json(200, { level, ...scope })
}

interface LevelChange {
  readonly level: LogLevel
  readonly by: string
  readonly ttlMs?: number
  readonly component?: string
  readonly tenant?: string
}

function parseChange(body: string): LevelChange | undefined {
  let given: Record<string, unknown>
  try {
    given = JSON.parse(body)
  } catch {
    return undefined
  }
  const { level, by, ttl, component, tenant } = given ?? {}
  const ttlMs = ttl === undefined ? undefined : tryParseDuration(ttl)
  if (!LOG_LEVELS.includes(level as LogLevel) || typeof by !== 'string' || (ttl !== undefined && ttlMs === undefined))
    return undefined
  return {
    level: level as LogLevel,
    by,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(typeof component === 'string' ? { component } : {}),
    ...(typeof tenant === 'string' ? { tenant } : {}),
  }
}

function json(status: number, body: unknown): OpsResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  }
}
