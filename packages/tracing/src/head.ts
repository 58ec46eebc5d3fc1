/** The head decision: made when a segment begins, and what goes downstream. */
import type { Head } from './segment.ts'
import { randomnessOf, type Threshold } from './threshold.ts'
import { readCallerSampling } from './trace-state.ts'

const IN = new Map<Threshold, Head>()
const OUT: Head = { sampled: false, threshold: undefined, randomness: undefined, callerState: undefined }

/** The head of a new trace. */
export function newHead(traceId: string, threshold: Threshold): Head {
  if (randomnessOf(traceId) < threshold) return OUT
  let head = IN.get(threshold)
  if (head === undefined) {
    head = { sampled: true, threshold, randomness: undefined, callerState: undefined }
    IN.set(threshold, head)
  }
  return head
}

/** The head of a segment under a caller: its decision stands. */
export function headUnder(traceFlags: number, traceState: string | undefined): Head {
  const callerState = traceState === '' ? undefined : traceState
  const { threshold, randomness } = readCallerSampling(callerState)
  return { sampled: (traceFlags & 1) === 1, threshold, randomness, callerState }
}
