/** Overload as a pure state machine over samples of the event loop, with a level that says how much to shed. */

/** What the event loop did since the last sample. */
export interface LoopSample {
  /** Share of the time it was busy, 0 to 1. */
  readonly utilization: number
  /** Mean lateness of a timer, in milliseconds. */
  readonly delayMs: number
}

/** Thresholds. */
export interface OverloadOptions {
  /** Utilization from which overload may begin, 0 to 1. @defaultValue 0.95 */
  readonly enterUtilization?: number
  /** Utilization below which it ends, at most `enterUtilization`. @defaultValue 0.85 */
  readonly leaveUtilization?: number
  /** Mean timer lateness from which overload may begin, in milliseconds; twice and four times it shed more. @defaultValue 100 */
  readonly enterDelayMs?: number
  /** Lateness below which it ends, at most `enterDelayMs`. @defaultValue 50 */
  readonly leaveDelayMs?: number
}

/** Most important last; `critical` is never shed. */
export const PRIORITIES = ['low', 'normal', 'high', 'critical'] as const
/** How important a request is. */
export type Priority = (typeof PRIORITIES)[number]

/** 0: all is well; 1-3: that many of {@link PRIORITIES} are shed. */
export interface OverloadState {
  readonly level: 0 | 1 | 2 | 3
  /** Samples in a row that call for a change. */
  readonly calls: number
}

/** No overload. */
export const CALM: OverloadState = { level: 0, calls: 0 }

/** Samples in a row needed, so that one long block is not taken for overload. */
const CALLS_NEEDED = 2

/** Fills in defaults. @throws RangeError for thresholds outside their range. */
export function resolveOverload(options: OverloadOptions): Required<OverloadOptions> {
  const resolved = { enterUtilization: 0.95, leaveUtilization: 0.85, enterDelayMs: 100, leaveDelayMs: 50, ...options }
  const { enterUtilization, leaveUtilization, enterDelayMs, leaveDelayMs } = resolved
  if (
    !(enterUtilization > 0 && enterUtilization <= 1 && leaveUtilization >= 0 && leaveUtilization <= enterUtilization)
  ) {
    throw new RangeError(
      `Cannot detect overload: utilization enters at ${enterUtilization} and leaves at ${leaveUtilization}, expected 0 <= leave <= enter <= 1`,
    )
  }
  if (!(enterDelayMs > 0 && leaveDelayMs >= 0 && leaveDelayMs <= enterDelayMs && Number.isFinite(enterDelayMs))) {
    throw new RangeError(
      `Cannot detect overload: delay enters at ${enterDelayMs} ms and leaves at ${leaveDelayMs} ms, expected 0 <= leave <= enter`,
    )
  }
  return resolved
}

/** The state after one more sample: overload needs a busy loop and a late one, calm needs either to be over. */
export function nextOverload(state: OverloadState, sample: LoopSample, at: Required<OverloadOptions>): OverloadState {
  const hot = sample.utilization >= at.enterUtilization && sample.delayMs >= at.enterDelayMs
  const calm = sample.utilization < at.leaveUtilization || sample.delayMs < at.leaveDelayMs
  const target = sample.delayMs >= 4 * at.enterDelayMs ? 3 : sample.delayMs >= 2 * at.enterDelayMs ? 2 : 1
  const rises = hot && target > state.level
  const falls = calm && state.level > 0
  if (!rises && !falls) return { level: state.level, calls: 0 }
  if (state.calls + 1 < CALLS_NEEDED) return { level: state.level, calls: state.calls + 1 }
  return { level: (rises ? target : state.level - 1) as OverloadState['level'], calls: 0 }
}
