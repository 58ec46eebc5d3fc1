/** How often one fault may be reported: a fixed window of a minute per fingerprint, so that one fault cannot hide the others. */
import type { Clock } from '@ops/core'

/** The cap's answer. */
interface CapDecision {
  readonly allowed: boolean
  /** Reports of this fingerprint held back since the last one allowed. */
  readonly suppressed: number
}

/** Counts reports by fingerprint. */
export interface ReportCap {
  take(fingerprint: string): CapDecision
}

interface Window {
  startedAt: number
  count: number
  suppressed: number
}

const WINDOW_MS = 60_000
const MAX_FINGERPRINTS = 500
/** Where fingerprints go that have no place any more. */
const OVERFLOW = '__overflow__'

/** Creates a cap of `maxPerMinute` reports per fingerprint; at most 500 fingerprints a minute are told apart. */
export function createReportCap(maxPerMinute: number, clock: Clock): ReportCap {
  const windows = new Map<string, Window>()

  const forgetPast = (now: number) => {
    for (const [key, window] of windows) if (now - window.startedAt >= WINDOW_MS) windows.delete(key)
  }
  const windowOf = (fingerprint: string, now: number): Window => {
    const known = windows.get(fingerprint)
    if (known !== undefined) return known
    if (windows.size >= MAX_FINGERPRINTS) forgetPast(now)
    const key = windows.size < MAX_FINGERPRINTS ? fingerprint : OVERFLOW
    const window = windows.get(key) ?? { startedAt: now, count: 0, suppressed: 0 }
    windows.set(key, window)
    return window
  }
  return {
    take(fingerprint) {
      const now = clock.monotonic()
      const window = windowOf(fingerprint, now)
      if (now - window.startedAt >= WINDOW_MS) {
        window.startedAt = now
        window.count = 0
      }
      if (window.count >= maxPerMinute) {
        window.suppressed++
        return { allowed: false, suppressed: window.suppressed }
      }
      window.count++
      const { suppressed } = window
      window.suppressed = 0
      return { allowed: true, suppressed }
    },
  }
}

const FRAME = /^ {4}at .*$/gm
const OWN_FRAME = /^(?!.*(?:node_modules|node:internal|\(node:)).*$/

/** The first frames; a message before them may be of any length. */
function framesOf(stack: string): string[] {
  const start = stack.indexOf('\n    at ')
  return start === -1 ? [] : (stack.slice(start, start + 8192).match(FRAME) ?? [])
}

/** What makes two errors the same fault: type, code and the first frame of one's own code; never the message, which varies. */
export function fingerprintOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error
  const { name, code, stack } = error as { name?: unknown; code?: unknown; stack?: unknown }
  const frames = typeof stack === 'string' ? framesOf(stack) : []
  const place = frames.find((frame) => OWN_FRAME.test(frame)) ?? frames[0] ?? ''
  return [name, code, place.trim().slice(0, 300)].map((part) => (typeof part === 'string' ? part : '')).join('|')
}
