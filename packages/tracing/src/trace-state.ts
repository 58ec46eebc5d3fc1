/** The `ot` member of a `tracestate`: reads and rewrites its threshold and keeps the rest as it came. */
import { createTraceState, type TraceState } from '@opentelemetry/api'
import { NEVER, type Threshold } from './threshold.ts'

const THRESHOLD = /^[0-9a-f]{1,14}$/
const RANDOMNESS = /^[0-9a-f]{14}$/

/** What a caller's `ot` member says about sampling. */
export interface CallerSampling {
  /** The threshold the caller sampled under; undefined when it does not say. */
  readonly threshold: Threshold | undefined
  /** Explicit randomness, which goes before that of the trace id. */
  readonly randomness: string | undefined
}

const SILENT: CallerSampling = { threshold: undefined, randomness: undefined }

/** Reads the `ot` member of a `tracestate`; malformed values count as absent. */
export function readCallerSampling(traceState: string | undefined): CallerSampling {
  if (traceState === undefined || !traceState.includes('ot=')) return SILENT
  const member = createTraceState(traceState).get('ot')
  if (member === undefined) return SILENT
  const fields = member.split(';')
  const th = fieldOf(fields, 'th:')
  const rv = fieldOf(fields, 'rv:')
  return {
    threshold: th !== undefined && THRESHOLD.test(th) ? th.padEnd(14, '0') : undefined,
    randomness: rv !== undefined && RANDOMNESS.test(rv) ? rv : undefined,
  }
}

function fieldOf(fields: readonly string[], key: string): string | undefined {
  return fields.find((field) => field.startsWith(key))?.slice(key.length)
}

/** States without a caller's part are few, one a threshold: made once. */
const ownStates = new Map<Threshold, TraceState>()

/**
 * The state with its threshold replaced, or taken out when `threshold` is undefined; other members and fields stay.
 * Undefined when nothing is left to say.
 */
export function withThreshold(caller: string | undefined, threshold: Threshold | undefined): TraceState | undefined {
  if (caller === undefined) return threshold === undefined ? undefined : ownState(threshold)
  const state = createTraceState(caller)
  const others = (state.get('ot') ?? '').split(';').filter((field) => field !== '' && !field.startsWith('th:'))
  const fields = threshold === undefined || threshold === NEVER ? others : [`th:${compact(threshold)}`, ...others]
  const rewritten = fields.length === 0 ? state.unset('ot') : state.set('ot', fields.join(';'))
  return rewritten.serialize() === '' ? undefined : rewritten
}

function ownState(threshold: Threshold): TraceState {
  let state = ownStates.get(threshold)
  if (state === undefined) {
    state = createTraceState(`ot=th:${compact(threshold)}`)
    ownStates.set(threshold, state)
  }
  return state
}

/** Trailing zeros are implied. */
function compact(threshold: Threshold): string {
  return threshold.replace(/0+$/, '') || '0'
}
