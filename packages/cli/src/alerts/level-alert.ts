import type { Subject } from '../subject.ts'
import type { Alert, Guidance } from './alert.ts'
import { type Proof, type ProofCase, proveLevel, type Situations } from './proof.ts'

/** An alert on what a replica reports about itself. */
export interface LevelAlertOptions
  extends Omit<Alert, 'labels' | 'guidance' | 'proof' | 'respondWithin' | 'dashboard'> {
  /** @defaultValue `5m` where critical, else `30m` */
  readonly respondWithin?: string
  /** @defaultValue `health` */
  readonly dashboard?: string
  readonly guidance: Omit<Guidance, 'queries'> & { readonly queries?: Guidance['queries'] }
  readonly proof: Proof | Omit<Situations, 'minutes'>
}

/** Completes an alert: the response time of its severity, a proof of its level, its own expression as first query. */
export function levelAlert(options: LevelAlertOptions): Alert {
  const { proof, guidance, severity, expr, forMinutes } = options
  const [condition = expr] = expr.split(/ (?:[<>]=?|==) /)
  return {
    respondWithin: severity === 'critical' ? '5m' : '30m',
    dashboard: 'health',
    ...options,
    labels: {},
    guidance: { ...guidance, queries: [['How much is it now?', condition], ...(guidance.queries ?? [])] },
    proof: 'cases' in proof ? proof : proveLevel({ ...proof, minutes: 10 + forMinutes, clearMinutes: 10 }),
  }
}

/** Labels of a scraped series as text: target labels and others. */
export function seriesOf(
  { definition }: Subject,
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): string {
  const all = Object.entries({ job: definition.name, instance: 'a:9090', ...labels })
  return `${metric}{${all.map(([label, value]) => `${label}="${value}"`).join(',')}}`
}

/** Target labels that the sample of {@link seriesOf} keeps, and others. */
export function targetLabels(
  { definition }: Subject,
  labels: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { job: definition.name, instance: 'a:9090', ...labels }
}

/** A proof from cases written out: title, values, minute and whether it fires. */
export function proofOf(
  labels: Readonly<Record<string, string>>,
  cases: readonly (readonly [title: string, series: ProofCase['series'], atMinutes: number, fires: boolean])[],
): Proof {
  return { labels, cases: cases.map(([title, series, atMinutes, fires]) => ({ title, series, atMinutes, fires })) }
}
