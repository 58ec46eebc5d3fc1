/** Our head decision as a sampler of OpenTelemetry's SDK: everything is recorded, so that the tail can decide. */
import { type Attributes, type Context, type Link, type SpanKind, trace } from '@opentelemetry/api'
import { type Sampler, SamplingDecision, type SamplingResult } from '@opentelemetry/sdk-trace'
import { newHead } from './head.ts'
import type { Policy } from './sampling.ts'
import { withThreshold } from './trace-state.ts'

/** Creates the sampler of a policy. */
export function createSampler(policy: Policy): Sampler {
  return {
    shouldSample(
      context: Context,
      traceId: string,
      name: string,
      _kind: SpanKind,
      _: Attributes,
      __: Link[],
    ): SamplingResult {
      const parent = trace.getSpanContext(context)
      if (parent !== undefined && trace.isSpanContextValid(parent)) return decisionOf((parent.traceFlags & 1) === 1)
      const head = newHead(traceId, policy.headThreshold(name))
      const traceState = head.sampled ? withThreshold(undefined, head.threshold) : undefined
      return traceState === undefined ? decisionOf(head.sampled) : { ...decisionOf(head.sampled), traceState }
    },
    toString: () => '@ops/tracing',
  }
}

function decisionOf(sampled: boolean): SamplingResult {
  return { decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD }
}
