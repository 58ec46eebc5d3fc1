/** Trace, span and request ids: random bytes drawn in bulk, turned to hex by table, because every request pays for them. */

const HEX = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'))
const pool = new Uint16Array(4096)
let next = pool.length

function hex4(): string {
  if (next === pool.length) {
    crypto.getRandomValues(pool)
    next = 0
  }
  return HEX[pool[next++] as number] as string
}

/** 16 lower-case hex digits, never all zero. @see https://www.w3.org/TR/trace-context/#parent-id */
export function createSpanId(): string {
  const id = hex4() + hex4() + hex4() + hex4()
  return id === '0000000000000000' ? createSpanId() : id
}

/** 32 lower-case hex digits, uniformly random as level 2 asks, never all zero. @see https://www.w3.org/TR/trace-context-2/#trace-id */
export function createTraceId(): string {
  return createSpanId() + createSpanId()
}

/** A request id for requests that bring none: 32 lower-case hex digits. */
export function createRequestId(): string {
  return createSpanId() + createSpanId()
}
