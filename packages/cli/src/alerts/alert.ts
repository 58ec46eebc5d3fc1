/** What an alert is before it becomes a rule, its tests and its runbook. */
import type { Subject } from '../subject.ts'
import type { Proof } from './proof.ts'

/** Critical goes to the pager, warning to chat. */
export type Severity = 'critical' | 'warning'

/** What its runbook says, beyond what follows from the rule. */
export interface Guidance {
  /** What users or operators notice. */
  readonly symptoms: string
  /** What it costs while it lasts. */
  readonly impact: string
  /** Questions with the expression that answers them. */
  readonly queries: readonly (readonly [question: string, expression: string])[]
  /** Likely causes, the likeliest first. */
  readonly causes: readonly string[]
  /** What to do, in order; commands in backticks. */
  readonly resolution: readonly string[]
  /** How it is kept from coming back. */
  readonly prevention: string
}

/** A declared alert. */
export interface Alert {
  /** Unique within the service, in CamelCase. */
  readonly name: string
  readonly expr: string
  /** How long the expression must hold, in minutes. */
  readonly forMinutes: number
  readonly severity: Severity
  /** Within which somebody looks, such as `30m`. */
  readonly respondWithin: string
  /** Name of the dashboard that shows it. */
  readonly dashboard: string
  /** Labels besides service, owner, tier, severity and response time. */
  readonly labels: Readonly<Record<string, string>>
  /** One sentence, without a full stop. */
  readonly summary: string
  readonly guidance: Guidance
  readonly proof: Proof
}

/** Alerts of one kind. */
export type AlertSource = (subject: Subject) => readonly Alert[]

/** `rate-limit` and `rate.limit` become `RateLimit`. */
export function camelCase(name: string): string {
  return name.replace(/(?:^|[^a-zA-Z0-9]+)([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** `metric{job="…",…}`: every selector names the service's scrape job. */
export function select(
  { definition }: Subject,
  metric: string,
  labels: Readonly<Record<string, string>> = {},
  extra: readonly string[] = [],
): string {
  const matchers = Object.entries({ job: definition.name, ...labels }).map(([label, value]) => `${label}="${value}"`)
  return `${metric}{${[...matchers, ...extra].join(',')}}`
}
