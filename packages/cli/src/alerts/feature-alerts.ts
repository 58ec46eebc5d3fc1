/** Alerts of the request path, a set for each feature: failing, slow, burning its error budget. */
import { httpMetrics } from '@ops/http'
import { DEFAULT_FEATURE, type Feature } from '@ops/service'
import type { Subject } from '../subject.ts'
import { type Alert, camelCase, type Guidance, type Severity, select } from './alert.ts'
import { proveShare, proveSlower, type Share, shareExceeded, shareOf, slowerThan } from './share.ts'

const DURATION = httpMetrics.duration
const COUNT = `${DURATION.name}_count`

/** What holds where nothing is declared: the standard's own figures; without an objective nothing burns. */
const UNCLAIMED: Omit<Feature, 'slo'> & { readonly slo: undefined } = {
  name: DEFAULT_FEATURE,
  routes: [],
  slo: undefined,
  errors: { warn: 0.01, critical: 0.05 },
  p95Ms: 500,
  p99Ms: 2000,
}
type AnyFeature = Omit<Feature, 'slo'> & { readonly slo: number | undefined }

/** Windows that must burn together, long first: how fast 30 days of budget go. */
const BURNS = [
  {
    speed: 'Fast',
    long: '1h',
    short: '5m',
    longMinutes: 60,
    shortMinutes: 5,
    factor: 14.4,
    severity: 'critical',
    respondWithin: '5m',
  },
  {
    speed: 'Steady',
    long: '6h',
    short: '30m',
    longMinutes: 360,
    shortMinutes: 30,
    factor: 6,
    severity: 'critical',
    respondWithin: '30m',
  },
  {
    speed: 'Slow',
    long: '3d',
    short: '6h',
    longMinutes: 4320,
    shortMinutes: 360,
    factor: 1,
    severity: 'warning',
    respondWithin: '24h',
  },
] as const

/** Features that have requests: the declared ones and the rest; a service that only works off jobs has none. */
function featuresOf({ definition }: Subject): readonly AnyFeature[] {
  const { features = [], jobs = [] } = definition
  return features.length === 0 && jobs.length > 0 ? [] : [...features, UNCLAIMED]
}

/** Alerts of every feature. */
export function featureAlerts(subject: Subject): readonly Alert[] {
  return featuresOf(subject).flatMap((feature) => [
    errorAlert(subject, feature, 'warning'),
    errorAlert(subject, feature, 'critical'),
    latencyAlert(subject, feature, 95),
    latencyAlert(subject, feature, 99),
    ...burnAlerts(subject, feature),
  ])
}

/** Failing requests among all of the feature. */
function failures(subject: Subject, feature: string): Share {
  const part = select(subject, COUNT, { feature, status_class: '5xx' })
  return { part, all: select(subject, COUNT, { feature }) }
}

function errorAlert(subject: Subject, feature: AnyFeature, severity: Severity): Alert {
  const isCritical = severity === 'critical'
  const ratio = isCritical ? feature.errors.critical : feature.errors.warn
  return {
    name: `${camelCase(feature.name)}Errors${isCritical ? 'Critical' : 'Warning'}`,
    expr: shareExceeded(failures(subject, feature.name), ratio, ['5m']),
    forMinutes: 5,
    severity,
    respondWithin: isCritical ? '5m' : '30m',
    labels: { feature: feature.name },
    dashboard: `feature-${feature.name}`,
    summary: `More than ${percent(ratio)} of the requests of ${feature.name} fail`,
    guidance: guidanceOf(subject, feature, 'Requests are answered with a status of 500 or above.'),
    proof: proveShare({ ratio, ...failureSeries(subject, feature.name), windowMinutes: 5, forMinutes: 5 }),
  }
}

function latencyAlert(subject: Subject, feature: AnyFeature, quantile: 95 | 99): Alert {
  const ms = quantile === 95 ? feature.p95Ms : feature.p99Ms
  const share = quantile === 95 ? 0.05 : 0.01
  const minutes = quantile === 95 ? 5 : 10
  const edge = ms / 1000
  return {
    name: `${camelCase(feature.name)}LatencyP${quantile}`,
    expr: slowerThan(subject, DURATION, { labels: { feature: feature.name }, edge, share, window: '5m' }),
    forMinutes: minutes,
    severity: 'warning',
    respondWithin: '30m',
    labels: { feature: feature.name },
    dashboard: `feature-${feature.name}`,
    summary: `The ${quantile}th percentile of ${feature.name} is above ${ms} ms`,
    guidance: guidanceOf(subject, feature, `One request in ${1 / share} takes longer than ${ms} ms.`),
    proof: proveSlower(DURATION, {
      series: `job="${subject.definition.name}",feature="${feature.name}",method="GET",route="/",status_class="2xx"`,
      edge,
      share,
      minutes: 5 + minutes,
      clearMinutes: 5,
    }),
  }
}

/** A factor whose share would be 1 or more cannot be exceeded: such a window is left out. */
function burnAlerts(subject: Subject, feature: AnyFeature): readonly Alert[] {
  const { slo } = feature
  if (slo === undefined) return []
  const possible = BURNS.filter(({ factor }) => budgetShare(factor, slo) < 1)
  return possible.map(({ speed, long, short, longMinutes, shortMinutes, factor, severity, respondWithin }) => {
    const ratio = budgetShare(factor, slo)
    return {
      name: `${camelCase(feature.name)}BudgetBurn${speed}`,
      expr: shareExceeded(failures(subject, feature.name), ratio, [long, short]),
      forMinutes: 2,
      severity,
      respondWithin,
      labels: { feature: feature.name },
      dashboard: `feature-${feature.name}`,
      summary: `${camelCase(feature.name)} burns its error budget ${factor} times as fast as ${percent(slo)} over 30 days allows`,
      guidance: guidanceOf(
        subject,
        feature,
        `Over ${long} and over ${short}, more than ${percent(ratio)} of requests fail.`,
      ),
      proof: proveShare({
        ratio,
        ...failureSeries(subject, feature.name),
        windowMinutes: longMinutes,
        forMinutes: 2,
        clearMinutes: shortMinutes,
      }),
    }
  })
}

function budgetShare(factor: number, slo: number): number {
  return rounded(factor * (1 - slo))
}

function failureSeries(subject: Subject, feature: string): { part: string; rest: string } {
  const labels = `job="${subject.definition.name}",feature="${feature}",method="GET",route="/"`
  return { part: `${COUNT}{${labels},status_class="5xx"}`, rest: `${COUNT}{${labels},status_class="2xx"}` }
}

function guidanceOf(subject: Subject, { name }: AnyFeature, symptoms: string): Guidance {
  const { part, all } = failures(subject, name)
  const calls = select(subject, `${httpMetrics.clientDuration.name}_count`)
  return {
    symptoms,
    impact: `Users of ${name} see errors or wait; its objective over 30 days is at risk.`,
    queries: [
      ['Which share fails?', shareOf({ part, all }, '5m')],
      ['Which routes fail?', `sum by (route) (rate(${part}[5m]))`],
      [
        'Which routes are slow?',
        `histogram_quantile(0.95, sum by (le, route) (rate(${select(subject, `${DURATION.name}_bucket`, { feature: name })}[5m])))`,
      ],
      ['Do the services it calls answer?', `sum by (client, status) (rate(${calls}[5m]))`],
      ['Was it deployed just before?', `count by (version) (${select(subject, 'build_info')})`],
    ],
    causes: [
      'a deployment in the minutes before',
      'a dependency that fails or is slow',
      'a pool or the event loop at its limit',
      'a change of traffic: one tenant, one client, one kind of request',
    ],
    resolution: [
      'Deployed within the last hour: roll back first, look for the cause afterwards.',
      'A dependency is down: see its own alert; lower what depends on it where a fallback exists.',
      'Read one failing request end to end: its log lines carry `trace_id`, and every failing trace is kept.',
      `Saturated: \`kubectl scale deployment/${subject.definition.name} --replicas=<more>\` and look for the cause.`,
    ],
    prevention:
      'Add the case to the tests, and a fallback or a timeout where a dependency took the feature down with it.',
  }
}

function percent(share: number): string {
  return `${rounded(share * 100)} %`
}

function rounded(value: number): number {
  return Number(value.toPrecision(10))
}
