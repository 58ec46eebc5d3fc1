/** Trace and span ids: random bytes turned to hex in blocks and sliced, because every request pays for them. */
import { randomFillSync } from 'node:crypto'

/** Bytes drawn at once: a draw costs tens of microseconds, however few it yields. */
const POOL_BYTES = 16_384
/** Bytes turned to hex at once: few, since an id that is kept keeps its block. */
const BLOCK_BYTES = 1024
const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let drawn = POOL_BYTES
let block = ''
let at = 0

function hex(digits: number): string {
  if (at + digits > block.length) nextBlock()
  return block.slice(at, (at += digits))
}

function nextBlock(): void {
  if (drawn === POOL_BYTES) {
    randomFillSync(pool)
    drawn = 0
  }
  block = pool.toString('hex', drawn, (drawn += BLOCK_BYTES))
  at = 0
}

/** 16 lower-case hex digits, never all zero. @see https://www.w3.org/TR/trace-context/#parent-id */
export function createSpanId(): string {
  const id = hex(16)
  return id === '0000000000000000' ? createSpanId() : id
}

/** 32 lower-case hex digits, uniformly random as level 2 asks, never all zero. @see https://www.w3.org/TR/trace-context-2/#trace-id */
export function createTraceId(): string {
  const id = hex(32)
  return id === '00000000000000000000000000000000' ? createTraceId() : id
}
