/** Lines for people: time, level, message, fields, and the error's stack below. Control characters are escaped. */
import type { LogOutput } from './destination.ts'

type Line = Readonly<Record<string, unknown>>

const SHOWN_APART = new Set(['timestamp', 'level', 'message', 'context', 'error', 'service', 'version', 'env'])
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function escapeControl(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function inline(value: unknown): string {
  const text = typeof value === 'string' && /^[\w./:@*[\]-]+$/.test(value) ? value : JSON.stringify(value)
  return escapeControl(text).replaceAll('\n', '\\n')
}

function pairs(members: Line): string {
  return Object.entries(members)
    .map(([key, value]) => ` ${inline(key)}=${inline(value)}`)
    .join('')
}

function errorText(error: unknown, indent: string): string {
  if (typeof error !== 'object' || error === null) return ''
  const { stack, type, message, cause } = error as Line
  const head = typeof stack === 'string' ? stack : `${String(type)}: ${String(message)}`
  const text = escapeControl(head)
    .split('\n')
    .map((line) => `\n${indent}${line}`)
    .join('')
  return cause === undefined ? text : `${text}\n${indent}caused by${errorText(cause, `${indent}  `)}`
}

/** One line of JSON as text for people; anything else as it is. */
export function formatPretty(json: string): string {
  let line: Line
  try {
    line = JSON.parse(json) as Line
  } catch {
    return json
  }
  const rest = Object.fromEntries(Object.entries(line).filter(([key]) => !SHOWN_APART.has(key)))
  const time = String(line['timestamp']).slice(11, 23)
  const level = String(line['level']).toUpperCase().padEnd(5)
  const message =
    typeof line['message'] === 'string' ? ` ${escapeControl(line['message']).replaceAll('\n', '\\n')}` : ''
  const context = (line['context'] ?? {}) as Line
  return `${time} ${level}${message}${pairs(context)}${pairs(rest)}${errorText(line['error'], '  ')}\n`
}

/** An output that writes lines for people to `output`. */
export function prettyOutput(output: LogOutput): LogOutput {
  return { ...bindOutput(output), write: (line) => output.write(formatPretty(line)) }
}

function bindOutput(output: LogOutput): LogOutput {
  return {
    write: (line) => output.write(line),
    flush: () => output.flush(),
    close: (timeoutMs) => output.close(timeoutMs),
  }
}
