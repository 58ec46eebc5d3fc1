/** Errors as dead letters keep them: bounded, JSON-safe, and with a fingerprint that groups what failed alike. */
import { createHash } from 'node:crypto'

/** One error of a chain. */
export interface ErrorRecord {
  readonly type: string
  /** At most 1,024 characters. */
  readonly message: string
  readonly code?: string
  /** The first lines of the stack; on the first five errors of a chain. */
  readonly stack?: string
}

const MAX_MESSAGE = 1024
const MAX_STACK = 2048
const MAX_CHAIN = 10
const MAX_STACKS = 5

/** The error and its causes. Takes whatever was thrown, `undefined` and hostile objects too. */
export function recordError(thrown: unknown): readonly ErrorRecord[] {
  const chain: ErrorRecord[] = []
  const seen = new Set<unknown>()
  for (let error = thrown; chain.length < MAX_CHAIN && !seen.has(error); error = causeOf(error)) {
    if (chain.length > 0 && error === undefined) break
    seen.add(error)
    chain.push(recordOne(error, chain.length < MAX_STACKS))
  }
  return chain
}

function recordOne(error: unknown, withStack: boolean): ErrorRecord {
  try {
    if (!(error instanceof Error)) return { type: typeof error, message: cut(describe(error), MAX_MESSAGE) }
    const { code } = error as { code?: unknown }
    return {
      type: cut(String(error.name), 128),
      message: cut(String(error.message), MAX_MESSAGE),
      ...(typeof code === 'string' ? { code: cut(code, 128) } : {}),
      ...(withStack && typeof error.stack === 'string' ? { stack: stackOf(error) } : {}),
    }
  } catch {
    return { type: 'unknown', message: 'an error that cannot be read' }
  }
}

/** Frames only: the head of a stack repeats the message, which may be megabytes. */
function stackOf(error: Error): string {
  const { stack = '' } = error
  const at = stack.indexOf('\n    at ')
  return at === -1 ? '' : stack.slice(at + 1, at + 1 + MAX_STACK)
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  return JSON.stringify(value) ?? Object.prototype.toString.call(value)
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined
  } catch {
    return undefined
  }
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text
}

/** 16 hex digits: equal for failures of one job that differ in numbers, ids and quoted values only. */
export function fingerprintOf(job: string, verdict: string, chain: readonly ErrorRecord[]): string {
  const root = chain.at(-1)
  const top = chain[0]
  const shape = `${job}\n${verdict}\n${top?.type}\n${root?.type}\n${root?.code ?? ''}\n${normalise(root?.message ?? '')}`
  return createHash('sha256').update(shape).digest('hex').slice(0, 16)
}

function normalise(message: string): string {
  return message
    .replace(/"[^"]*"|'[^']*'/g, '?')
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{12,}\b/gi, '?')
    .replace(/\d+/g, '0')
}
