/** The headers that tie a request to a trace: strict grammars in, canonical forms out. What is malformed is ignored, never echoed. */

/** Identity of a caller's span, as `traceparent` carries it. */
export interface TraceParent {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string
  /** The 8-bit flags; bit 0 is "sampled". */
  readonly traceFlags: number
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const TRACE_ID = /^[0-9a-f]{32}$/
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/
const ZERO_TRACE = '0'.repeat(32)
const ZERO_SPAN = '0'.repeat(16)
const MAX_TRACESTATE_LENGTH = 512
const MAX_TRACESTATE_MEMBERS = 32
/** The optional white space of HTTP, and nothing else that `trim` would take. */
const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g
const TRACESTATE_KEY = /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/
const TRACESTATE_VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** Parses a `traceparent`; undefined when it is absent or breaks the grammar. @see https://www.w3.org/TR/trace-context/#traceparent-header */
export function tryParseTraceparent(header: unknown): TraceParent | undefined {
  if (typeof header !== 'string' || header.length < 55 || header.length > 512) return undefined
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(header) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (traceId === ZERO_TRACE || spanId === ZERO_SPAN) return undefined
  return { traceId: traceId as string, spanId: spanId as string, traceFlags: Number.parseInt(flags as string, 16) }
}

/** `00-<trace>-<span>-<flags>`. */
export function formatTraceparent(parent: TraceParent): string {
  return `00-${parent.traceId}-${parent.spanId}-${(parent.traceFlags & 0xff).toString(16).padStart(2, '0')}`
}

/** A valid `tracestate` list as given, else undefined: over 512 characters, over 32 members, duplicate keys or a bad member drop it whole. */
export function tryParseTracestate(header: unknown): string | undefined {
  if (typeof header !== 'string' || header === '' || header.length > MAX_TRACESTATE_LENGTH) return undefined
  const seen = new Set<string>()
  const members = header
    .split(',')
    .map((member) => member.replace(BLANKS_AROUND, ''))
    .filter((member) => member !== '')
  if (members.length === 0 || members.length > MAX_TRACESTATE_MEMBERS) return undefined
  for (const member of members) {
    const at = member.indexOf('=')
    const key = member.slice(0, at)
    if (at < 1 || seen.has(key) || !TRACESTATE_KEY.test(key) || !TRACESTATE_VALUE.test(member.slice(at + 1)))
      return undefined
    seen.add(key)
  }
  return members.join(',')
}

/** `X-Trace-Id`: 32 lower-case hex digits, not all zero; else undefined. */
export function tryParseTraceId(header: unknown): string | undefined {
  return typeof header === 'string' && TRACE_ID.test(header) && header !== ZERO_TRACE ? header : undefined
}

/** `X-Request-Id`: 1 to 128 of `[A-Za-z0-9._-]`; else undefined. */
export function tryParseRequestId(header: unknown): string | undefined {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined
}
