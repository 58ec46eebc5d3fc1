/**
 * A real pino logger for libraries that want one (Fastify's `loggerInstance`, pino-http, nestjs-pino): its level API,
 * children and types are pino's, its records take our path and are never serialised by pino.
 */
import { createRequire } from 'node:module'
import { LOG_LEVELS, type LogLevel } from '@ops/core'
import type { Logger as PinoLogger } from 'pino'
import type { OpsLogger } from '../ops-logger.ts'
import { isError } from '../redact/errors-of-any-realm.ts'

type Bindings = Readonly<Record<string, unknown>>
type Serializers = Readonly<Record<string, (value: unknown) => unknown>>
type Pino = typeof import('pino').pino

const TRACE = 10

/** Which logger of ours stands behind a pino logger, and what its children add. */
interface Backing {
  readonly logger: OpsLogger
  readonly bindings: Bindings
  readonly serializers: Serializers
}

function levelOf(rank: number): LogLevel {
  return LOG_LEVELS[Math.min(4, Math.max(0, Math.floor(rank / 10) - 2))] as LogLevel
}

/** Fields with the serializers of the library applied; what they throw stands in the field's place. */
function serialized(fields: unknown, serializers: Serializers): unknown {
  if (typeof fields !== 'object' || fields === null || isError(fields)) return fields
  const names = Object.keys(serializers).filter((name) => Object.hasOwn(fields, name))
  if (names.length === 0) return fields
  const out: Record<string, unknown> = { ...fields }
  for (const name of names) {
    // An error has a place and a form of its own; a serializer would turn it into mere fields.
    const value = out[name]
    if (typeof value === 'object' && value !== null && isError(value)) continue
    try {
      out[name] = serializers[name]?.(value)
    } catch (error) {
      out[name] = `[Throws: ${error instanceof Error ? error.message : 'unreadable'}]`
    }
  }
  return out
}

/** Creates the pino logger of `logger`. @throws Error when pino is not installed. */
export function createPinoBridge(logger: OpsLogger): PinoLogger {
  const pino = createRequire(import.meta.url)('pino') as Pino
  const backings = new WeakMap<object, Backing>()
  const backingOf = (instance: object): Backing => {
    for (let at: object | null = instance; at !== null; at = Object.getPrototypeOf(at)) {
      const backing = backings.get(at)
      if (backing !== undefined) return backing
    }
    return { logger, bindings: {}, serializers: {} }
  }
  const root = pino({
    level: 'trace',
    base: null,
    timestamp: false,
    hooks: {
      logMethod(args, _method, rank) {
        if (rank < TRACE + 10 && !logger.isLevelEnabled('debug')) return
        const { logger: target, serializers } = backingOf(this)
        const [first, ...rest] = args as unknown[]
        target[levelOf(rank)](serialized(first, serializers) as object, ...(rest as [string?]))
      },
    },
  })
  const createChild = root.child
  const own = {
    child(this: PinoLogger, bindings: Bindings = {}, options: { readonly serializers?: Serializers } = {}): PinoLogger {
      const parent = backingOf(this)
      const serializers = { ...parent.serializers, ...options.serializers }
      const added = serialized(bindings, serializers) as Bindings
      const instance = createChild.call(this as never, {}) as unknown as PinoLogger
      backings.set(instance, {
        logger: parent.logger.child(added),
        bindings: { ...parent.bindings, ...added },
        serializers,
      })
      return instance
    },
    bindings(this: PinoLogger): Bindings {
      return backingOf(this).bindings
    },
    isLevelEnabled(this: PinoLogger, level: string): boolean {
      const known = (LOG_LEVELS as readonly string[]).includes(level)
      return backingOf(this).logger.isLevelEnabled(known ? (level as LogLevel) : 'debug')
    },
    setBindings(this: PinoLogger, bindings: Bindings): void {
      const backing = backingOf(this)
      backings.set(this, {
        ...backing,
        logger: backing.logger.child(bindings),
        bindings: { ...backing.bindings, ...bindings },
      })
    },
    flush(callback?: (error?: Error) => void): void {
      logger.flush()
      callback?.()
    },
  }
  for (const [name, value] of Object.entries(own))
    Object.defineProperty(root, name, { value, writable: true, configurable: true })
  Object.defineProperty(root, 'level', {
    configurable: true,
    get: () => logger.level,
    set: (level: string) =>
      logger.setLevel(level === 'trace' ? 'debug' : level === 'silent' ? 'fatal' : (level as LogLevel)),
  })
  backings.set(root, { logger, bindings: {}, serializers: {} })
  return root as unknown as PinoLogger
}
