/** Trace and span ids: random bytes turned to hex in blocks and sliced, because every request pays for them. */
import { randomFillSync } from 'node:crypto'

/** Hex digits a block holds: small, since a slice that is kept keeps its block. */
const BLOCK = 2048
const bytes = Buffer.allocUnsafeSlow(BLOCK / 2)
let block = ''
let at = BLOCK

function hex(digits: number): string {
  if (at + digits > BLOCK) {
    block = randomFillSync(bytes).toString('hex')
    at = 0
  }
  return block.slice(at, (at += digits))
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
