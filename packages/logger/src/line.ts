/** Puts a line together in the order of the contract; everything that does not change is rendered beforehand. */
import { LOG_LEVELS } from '@ops/core'
import type { LoggerOptions } from './options.ts'
import type { Policy } from './redact/policy.ts'

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

/** The optional end of a line: fields and error, each as JSON or empty. */
export function writeTail(context: string, error: string | undefined): string {
  const fields = context === '' ? '' : `,"context":{${context}}`
  return error === undefined ? `${fields}}\n` : `${fields},"error":${error}}\n`
}
