/** Makes sense of what a log method was called with: fields or an error, a message, arguments, in the orders people write them. */
import { formatMessage } from './message-format.ts'
import { isError } from './redact/errors-of-any-realm.ts'
import type { Writer } from './redact/writer.ts'

/** A record as the caller gave it. */
export interface Call {
  readonly fields: object | undefined
  readonly error: object | undefined
  readonly message: string | undefined
  /** Arguments of the message. */
  readonly args: readonly unknown[]
}

/** A record as JSON. */
export interface CallJson {
  /** Members without braces. */
  readonly fields: string
  readonly error: string | undefined
  readonly message: string | undefined
}

const NO_ARGS: readonly unknown[] = []

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function asText(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value)
}

/** `(message, …)`: an error or fields behind the message count as such unless the message has a place for them. */
function textCall(message: string, args: readonly unknown[]): Call {
  const last = args.at(-1)
  if (args.length === 0 || !isObject(last) || message.includes('%'))
    return { fields: undefined, error: undefined, message, args }
  const rest = args.slice(0, -1)
  if (isError(last)) return { fields: undefined, error: last, message, args: rest }
  return rest.length > 0
    ? { fields: undefined, error: undefined, message, args }
    : { fields: last, error: undefined, message, args: rest }
}

/** Sorts the arguments of a log method. */
export function parseCall(first: unknown, second: unknown, rest: readonly unknown[]): Call {
  if (typeof first === 'string') return textCall(first, second === undefined ? rest : [second, ...rest])
  if (!isObject(first)) {
    const message = asText(first) ?? asText(second)
    return { fields: undefined, error: undefined, message, args: first === undefined || first === null ? rest : [] }
  }
  if (isError(first)) return { fields: undefined, error: first, message: asText(second), args: rest }
  if (isObject(second) && isError(second))
    return { fields: first, error: second, message: asText(rest[0]), args: NO_ARGS }
  if (rest.length > 0 && typeof second === 'string') return { ...textCall(second, rest), fields: first }
  return { fields: first, error: undefined, message: asText(second), args: rest }
}

/** What a record is counted by when it is sampled. */
export function sampleKey({ message }: Call): string {
  return message ?? ''
}

/** Members of both, comma separated. */
export function joinMembers(first: string, second: string): string {
  return first === '' ? second : second === '' ? first : `${first},${second}`
}

/** Reads and writes a record's parts, each once. */
export function readCall(writer: Writer, call: Call): CallJson {
  const fields = call.fields === undefined ? '' : writer.fields(call.fields)
  const lifted = writer.lifted
  writer.lifted = undefined
  const error = call.error === undefined ? lifted : writer.write(call.error)
  if (call.message === undefined)
    return { fields, error, message: error === undefined ? undefined : writer.errorMessage }
  const text = call.args.length === 0 ? call.message : formatMessage(writer, call.message, call.args)
  return { fields, error, message: writer.string(text) }
}
