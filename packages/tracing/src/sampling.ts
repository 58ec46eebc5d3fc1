/** The sampling policy: which share of traces the head takes, and what the tail keeps besides. */
import type { ResolvedSample, SampleRule } from './options.ts'
import { type Threshold, thresholdOf } from './threshold.ts'

/** What a rule says, ready to compare. */
interface CompiledRule {
  readonly threshold: Threshold | undefined
  readonly slowerThanMs: number | undefined
}

/** The policy, ready for the hot path. */
export interface Policy {
  readonly keepErrors: boolean
  /** Root spans at least this long are kept; Infinity when nobody asked. */
  readonly slowerThanMs: number
  /** The threshold of a new trace whose root has this name. */
  headThreshold(rootName: string): Threshold
  /** The first rule whose name matches. */
  ruleFor(rootName: string): CompiledRule | undefined
}

/** Compiles validated options. */
export function createPolicy(sample: ResolvedSample): Policy {
  const head = thresholdOf(sample.head)
  const rules = sample.rules.map((rule) => ({ matches: matcher(rule), compiled: compile(rule) }))
  const ruleFor = (name: string): CompiledRule | undefined => rules.find((rule) => rule.matches(name))?.compiled
  const none = rules.length === 0
  return {
    keepErrors: sample.errors,
    slowerThanMs: sample.slowerThanMs,
    headThreshold: none ? () => head : (name) => ruleFor(name)?.threshold ?? head,
    ruleFor: none ? () => undefined : ruleFor,
  }
}

function matcher({ name }: SampleRule): (rootName: string) => boolean {
  if (typeof name === 'string') return (rootName) => rootName === name
  // A global or sticky pattern would remember where it stopped.
  const pattern = new RegExp(name.source, name.flags.replace(/[gy]/g, ''))
  return (rootName) => pattern.test(rootName)
}

function compile(rule: SampleRule): CompiledRule {
  return {
    threshold: rule.head === undefined ? undefined : thresholdOf(rule.head),
    slowerThanMs: rule.slowerThanMs,
  }
}
