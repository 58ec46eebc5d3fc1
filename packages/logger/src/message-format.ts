/** `%s`, `%d`, `%i`, `%f`, `%j`, `%o`, `%O` and `%%` in messages; objects pass through the redacting writer. */
import type { Writer } from './redact/writer.ts'

const PLACEHOLDER = /%[sdifjoOc%]/g

function text(writer: Writer, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) return writer.write(value) ?? ''
  return String(value)
}

function number(value: unknown): string {
  return typeof value === 'object' || typeof value === 'symbol' ? 'NaN' : String(Number(value))
}

/** The message with its arguments in place; arguments without a place are appended. */
export function formatMessage(writer: Writer, message: string, args: readonly unknown[]): string {
  let next = 0
  const out = message.replace(PLACEHOLDER, (placeholder) => {
    if (placeholder === '%%') return '%'
    if (next >= args.length) return placeholder
    const arg = args[next++]
    if (placeholder === '%c') return ''
    if (placeholder === '%d' || placeholder === '%f') return number(arg)
    if (placeholder === '%i') return number(arg).replace(/\..*/, '')
    return text(writer, arg)
  })
  return next >= args.length
    ? out
    : `${out} ${args
        .slice(next)
        .map((arg) => text(writer, arg))
        .join(' ')}`
}
