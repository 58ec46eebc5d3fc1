/** Puts a line together in the order of the contract; everything that does not change is rendered beforehand. */
import { LOG_LEVELS } from '@ops/core'
import type { LoggerOptions } from './options.ts'
import type { Policy } from './redact/policy.ts'

/** The parts of a line, each as JSON. */
export interface LineParts {
  readonly timestamp: string
  /** Undefined where a record has no message. */
  readonly message: string | undefined
  /** Members with leading commas. */
  readonly identity: string
  /** Members without braces, comma separated. */
  readonly context: string
  readonly error: string | undefined
}

/** What is the same in all lines of a level: from behind the timestamp to before the message. */
export interface LineHeads {
  /** By rank. */
  readonly lines: readonly string[]
  readonly audit: string
  readonly version: number
}

/** Renders the unchanging parts. */
export function createHeads(policy: Policy, options: LoggerOptions): LineHeads {
  const { writer } = policy
  const member = (name: string, value: string | undefined): string =>
    value === undefined || value === '' ? '' : `,"${name}":${writer.string(String(value))}`
  const origin = member('service', options.service) + member('version', options.version) + member('env', options.env)
  const head = (level: string): string => `","level":"${level}"${origin}`
  return {
    lines: LOG_LEVELS.map(head),
    audit: `${head('info')},"stream":"audit"`,
    version: policy.version,
  }
}

/** One line with its line feed. */
export function writeLine(head: string, parts: LineParts): string {
  const message = parts.message === undefined ? '' : `,"message":${parts.message}`
  const context = parts.context === '' ? '' : `,"context":{${parts.context}}`
  const error = parts.error === undefined ? '' : `,"error":${parts.error}`
  return `{"timestamp":"${parts.timestamp}${head}${message}${parts.identity}${context}${error}}\n`
}
