/** What a service does for others, by rate, errors and duration: requests, jobs, and what is left of an error budget. */
import type { Feature } from '@ops/service'
import { select } from '../alerts/alert.ts'
import type { Subject } from '../subject.ts'
import type { Panel } from './panel.ts'
import { quantiles, share, WINDOW } from './query.ts'

const REQUESTS = 'http_request_duration_seconds'
/** What the standard asks where nothing is declared. */
const STANDARD = { errors: { warn: 0.01, critical: 0.05 }, p95Ms: 500, p99Ms: 2000 }
/** Speeds at which the alerts speak. */
const BURNS = [1, 6, 14.4]
const PERIOD = '30d'

/** Requests of all features. */
export function requestPanels(subject: Subject): readonly Panel[] {
  return panelsOf(subject, {}, STANDARD)
}

/** Requests of one feature, beside what was promised of it; without a declaration beside the standard. */
export function featurePanels(subject: Subject, name: string, feature: Feature | undefined): readonly Panel[] {
  const labels = { feature: name }
  return [
    ...panelsOf(subject, labels, feature ?? STANDARD),
    ...(feature === undefined ? [] : budgetPanels(subject, labels, feature.slo)),
  ]
}

function panelsOf(
  subject: Subject,
  labels: Readonly<Record<string, string>>,
  { errors, p95Ms, p99Ms }: Pick<Feature, 'errors' | 'p95Ms' | 'p99Ms'>,
): readonly Panel[] {
  const { all, failed } = counters(subject, labels)
  return [
    { title: 'Requests', unit: 'reqps', queries: [[`sum by (route) (rate(${all}[${WINDOW}]))`, '{{route}}']] },
    {
      title: 'Share of failing requests',
      unit: 'percentunit',
      queries: [[share(failed, all), 'failing']],
      lines: [errors.warn, errors.critical],
    },
    {
      title: 'Duration',
      unit: 's',
      queries: quantiles(subject, REQUESTS, labels),
      lines: [p95Ms / 1000, p99Ms / 1000],
    },
    {
      title: 'Failing requests',
      unit: 'reqps',
      queries: [[`sum by (route) (rate(${failed}[${WINDOW}]))`, '{{route}}']],
    },
  ]
}

function budgetPanels(subject: Subject, labels: Readonly<Record<string, string>>, slo: number): readonly Panel[] {
  const { all, failed } = counters(subject, labels)
  const allowed = Number((1 - slo).toPrecision(10))
  const left = `1 - (sum(increase(${failed}[${PERIOD}])) or vector(0)) / sum(increase(${all}[${PERIOD}])) / ${allowed}`
  return [
    {
      title: `Speed at which the error budget burns (1 lasts ${PERIOD})`,
      unit: 'short',
      queries: ['5m', '1h', '6h'].map((window) => [`${share(failed, all, window)} / ${allowed}`, window]),
      lines: BURNS,
    },
    {
      title: `Error budget left of ${PERIOD}`,
      unit: 'percentunit',
      min: undefined,
      queries: [[left, 'left']],
      lines: [],
    },
  ]
}

function counters(subject: Subject, labels: Readonly<Record<string, string>>): { all: string; failed: string } {
  return {
    all: select(subject, `${REQUESTS}_count`, labels),
    failed: select(subject, `${REQUESTS}_count`, { ...labels, status_class: '5xx' }),
  }
}

/** Jobs of a service that serves no requests. */
export function jobPanels(subject: Subject): readonly Panel[] {
  if (!subject.metrics.has('worker_jobs_processed_total')) return []
  const all = select(subject, 'worker_jobs_processed_total')
  const failed = select(subject, 'worker_jobs_failed_total')
  return [
    { title: 'Attempts', unit: 'cps', queries: [[`sum by (queue) (rate(${all}[${WINDOW}]))`, '{{queue}}']] },
    { title: 'Share of failing attempts', unit: 'percentunit', queries: [[share(failed, all), 'failing']] },
    { title: 'Duration of attempts', unit: 's', queries: quantiles(subject, 'worker_job_duration_seconds') },
    {
      title: 'Age of the oldest waiting job',
      unit: 's',
      queries: [[`max by (queue) (${select(subject, 'queue_oldest_job_age_seconds')})`, '{{queue}}']],
    },
  ]
}
