/** NestJS's `LoggerService`, by structure: no dependency on Nest. Its "context" becomes our `component`, so component levels apply. */
import type { LogLevel } from '@ops/core'
import type { OpsLogger } from '../ops-logger.ts'

/** What `NestFactory.create(AppModule, { logger })` and `app.useLogger` take. */
export interface NestLogger {
  log(message: unknown, ...optionalParams: unknown[]): void
  error(message: unknown, ...optionalParams: unknown[]): void
  warn(message: unknown, ...optionalParams: unknown[]): void
  debug(message: unknown, ...optionalParams: unknown[]): void
  verbose(message: unknown, ...optionalParams: unknown[]): void
  fatal(message: unknown, ...optionalParams: unknown[]): void
  /** Sets the default level to the least of `levels`, in Nest's names. */
  setLogLevels(levels: readonly string[]): void
}

const MAX_COMPONENTS = 500
const STACK = /\n\s+at /
const LEVELS: readonly (readonly [nest: string, level: LogLevel])[] = [
  ['verbose', 'debug'],
  ['debug', 'debug'],
  ['log', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
  ['fatal', 'fatal'],
]

interface NestCall {
  readonly component: string | undefined
  readonly stack: string | undefined
  readonly rest: readonly unknown[]
}

/** `(message, …params, context)`, and `(message, stack, context)` of errors. */
function parseParams(params: readonly unknown[]): NestCall {
  const rest = [...params]
  const last = rest.at(-1)
  const component = typeof last === 'string' && !STACK.test(last) ? last : undefined
  if (component !== undefined) rest.pop()
  const at = rest.findIndex((param) => typeof param === 'string' && STACK.test(param))
  const stack = at < 0 ? undefined : (rest.splice(at, 1)[0] as string)
  return { component, stack, rest: rest.filter((param) => param !== undefined) }
}

/** An error made of what Nest passes apart. */
function errorOf(message: unknown, stack: string): Error {
  const error = new Error(String(message))
  error.stack = stack
  return error
}

/**
 * Creates Nest's logger from ours.
 *
 * @example
 * const app = await NestFactory.create(AppModule, { logger: createNestLogger(logger) })
 */
export function createNestLogger(logger: OpsLogger): NestLogger {
  const components = new Map<string, OpsLogger>()

  function loggerOf(component: string | undefined): OpsLogger {
    if (component === undefined) return logger
    let child = components.get(component)
    if (child === undefined) {
      if (components.size >= MAX_COMPONENTS) components.clear()
      child = logger.child({ component })
      components.set(component, child)
    }
    return child
  }

  const method =
    (level: LogLevel) =>
    (message: unknown, ...params: unknown[]): void => {
      const { component, stack, rest } = parseParams(params)
      const target = loggerOf(component)
      if (stack !== undefined) target[level](errorOf(message, stack), String(message))
      else if (typeof message === 'object' && message !== null) target[level](message, ...(rest as [string?]))
      else target[level](String(message), ...rest)
    }

  return {
    log: method('info'),
    error: method('error'),
    warn: method('warn'),
    debug: method('debug'),
    verbose: method('debug'),
    fatal: method('fatal'),
    setLogLevels(levels) {
      const least = LEVELS.find(([nest]) => levels.includes(nest))
      logger.setLevel(least?.[1] ?? 'fatal', { by: 'nest' })
    },
  }
}
