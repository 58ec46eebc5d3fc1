import { createLogger } from '../logger.ts'
import type { OpsLogger } from '../ops-logger.ts'
import type { LoggerOptions } from '../options.ts'

/** A line as an object. */
export type CapturedLine = Readonly<Record<string, unknown>> & {
  readonly level: string
  readonly message?: string
  readonly context?: Readonly<Record<string, unknown>>
  readonly error?: Readonly<Record<string, unknown>>
}

/** A logger and what it wrote. */
export interface CapturedLogs {
  readonly logger: OpsLogger
  /** Lines as written, with their line feeds. */
  readonly lines: readonly string[]
  /** Lines of the audit stream. */
  readonly auditLines: readonly string[]
  /** Lines as objects. @throws SyntaxError for a line that is not JSON. */
  records(): readonly CapturedLine[]
  /** Forgets what was written so far. */
  clear(): void
}

/**
 * Creates a logger that writes to memory, at level `debug`, by the same path as in production.
 *
 * @example
 * const logs = captureLogs()
 * logs.logger.info({ password: 'x' }, 'hello')
 * logs.records()[0] // { level: 'info', message: 'hello', context: { password: '[Redacted]' }, … }
 */
export function captureLogs(options: Partial<LoggerOptions> = {}): CapturedLogs {
  const lines: string[] = []
  const auditLines: string[] = []
  const logger = createLogger({
    service: 'test',
    level: 'debug',
    destination: { write: (line) => lines.push(line) },
    audit: { write: (line) => auditLines.push(line) },
    ...options,
  })
  return {
    logger,
    lines,
    auditLines,
    records: () => lines.map((line) => JSON.parse(line) as CapturedLine),
    clear() {
      lines.length = 0
      auditLines.length = 0
    },
  }
}
