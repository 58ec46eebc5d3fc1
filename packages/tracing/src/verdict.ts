/** The tail decision: whether a segment is kept, why, and how many traces it stands for. */
import type { Decision, Verdict } from './decision.ts'
import type { Policy } from './sampling.ts'
import type { Segment } from './segment.ts'
import { ALWAYS, randomnessOf, type Threshold, widest } from './threshold.ts'

/** What is kept for a cause of its own is kept always: it stands for itself alone. */
const certain = (decision: Decision, reason: string): Verdict => ({
  keep: true,
  decision,
  reason,
  threshold: ALWAYS,
})
const ERROR = certain('error', 'error')
const SLOW = certain('slow', 'slow')
const DROPPED: Verdict = { keep: false, decision: 'dropped', reason: 'dropped', threshold: undefined }

/** Decides by what is known at `now` (monotonic milliseconds): at the end of the segment, or before when room is needed. */
export function decide(segment: Segment, policy: Policy, now: number): Verdict {
  if (segment.failing) return ERROR
  const pinned = segment.keepReason ?? segment.work?.keepReason
  if (pinned !== undefined) return certain('pinned', pinned)
  const { root, head } = segment
  const rule = root === undefined ? undefined : policy.ruleFor(root.name)
  const lastedMs = (segment.rootEndedAt >= 0 ? segment.rootEndedAt : now) - segment.startedAt
  if (lastedMs >= (rule?.slowerThanMs ?? policy.slowerThanMs)) return SLOW
  if (head.sampled) return sampled('head', headThreshold(head.threshold, rule?.threshold))
  if (root !== undefined && rule?.threshold !== undefined) {
    const randomness = head.randomness ?? randomnessOf(root.spanContext().traceId)
    if (randomness >= rule.threshold) return sampled('rule', rule.threshold)
  }
  return DROPPED
}

/** A trace that a rule would have kept too stands for fewer others. */
function headThreshold(head: Threshold | undefined, rule: Threshold | undefined): Threshold | undefined {
  return head === undefined || rule === undefined ? head : widest(head, rule)
}

const cache = new Map<string, Verdict>()

function sampled(decision: 'head' | 'rule', threshold: Threshold | undefined): Verdict {
  const key = `${decision}${threshold}`
  const known = cache.get(key)
  if (known !== undefined) return known
  const verdict: Verdict = { keep: true, decision, reason: decision, threshold }
  // Callers' thresholds are not ours to bound.
  if (cache.size < 64) cache.set(key, verdict)
  return verdict
}
