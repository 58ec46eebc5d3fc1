/** What holds without having been declared, value by value, and why. */
import { configRegistry } from '@ops/config'
import type { Alert } from './alerts/alert.ts'
import { alertsOf } from './alerts/alerts.ts'
import { explainDeploy } from './deploy/explain-deploy.ts'
import { type ExplainedFact, fact } from './explained-fact.ts'
import type { Operations } from './operations.ts'
import type { Subject } from './subject.ts'

/** Every value that artefacts and a start go by. Settings are explained by their declaration: nothing is read. */
export function explainSubject(subject: Subject): readonly ExplainedFact[] {
  const { definition, operations, missing } = subject
  const alerts = Object.values(alertsOf(subject)).flat()
  return [
    fact('name', definition.name, 'declared', 'service in logs and metrics, job in Prometheus'),
    fact('owner', definition.owner, 'declared', 'whom alerts call'),
    fact('tier', String(definition.tier), 'declared', 'how soon help is called'),
    ...features(subject),
    ...work(subject),
    ...bounds(operations),
    ...settings(subject),
    ...explainDeploy(subject),
    ...alerts.map(alertFact),
    ...missing.map((name) =>
      fact(name, 'not installed', 'left out', `its alerts are left out: install ${name} beside @ops/cli`),
    ),
  ]
}

function features({ definition }: Subject): readonly ExplainedFact[] {
  const declared = (definition.features ?? []).map(({ name, slo, routes }) =>
    fact(`feature ${name}`, `${slo} of ${routes.join(', ')}`, 'declared', 'its own alerts and error budget'),
  )
  return [
    ...declared,
    fact(
      'feature default',
      'errors 1 % and 5 %, p95 500 ms, p99 2000 ms',
      'default',
      'the standard, for routes no feature claims',
    ),
  ]
}

/** What it calls, keeps and works off. */
function work({ definition }: Subject): readonly ExplainedFact[] {
  const { dependencies = {}, caches = [], jobs = [], flags = {}, labels = {} } = definition
  return [
    ...Object.entries(dependencies).map(([name, { kind, setting, timeoutMs }]) => {
      const limit = timeoutMs === undefined ? '' : `, at most ${timeoutMs} ms`
      const why =
        setting === undefined ? 'names no setting: its address is not to be seen here' : 'where its address is'
      return fact(`dependency ${name}`, `${kind} at ${setting ?? 'no setting'}${limit}`, 'declared', why)
    }),
    ...caches.flatMap(({ name, minHitRatio }) => cacheFacts(name, minHitRatio)),
    ...jobs.map(({ name }) => fact(`job ${name}`, 'declared', 'declared', 'alerts on its queue and dead letters')),
    ...Object.entries(flags).map(([name, { defaultValue, description }]) =>
      fact(`flag ${name}`, String(defaultValue), 'declared', `without a word from operators; ${description}`),
    ),
    ...Object.entries(labels).map(([name, value]) =>
      fact(`label ${name}`, value, 'declared', 'of everything deployed'),
    ),
  ]
}

function cacheFacts(name: string, minHitRatio: number | undefined): readonly ExplainedFact[] {
  const why = minHitRatio === undefined ? 'nobody is told when it stops helping' : 'people are told below it'
  return [
    fact(`cache ${name}`, 'declared', 'declared', 'dashboard, and alerts on its loads'),
    fact(`cache ${name} minHitRatio`, String(minHitRatio ?? 'none'), originOf(minHitRatio), why),
  ]
}

/** What operators decide. */
function bounds({
  runbookBaseUrl,
  grafanaUrl,
  queueDepth,
  transactions = [],
  llm = {},
  smoke = [],
}: Operations): readonly ExplainedFact[] {
  const counted = transactions.map(({ metric, minPerMinute }) => `${metric} from ${minPerMinute} a minute`)
  return [
    fact('runbookBaseUrl', runbookBaseUrl ?? 'runbooks', originOf(runbookBaseUrl), 'where runbook_url points'),
    fact('grafanaUrl', grafanaUrl ?? 'none', originOf(grafanaUrl), 'what links to dashboards begin with, else a path'),
    fact('queueDepth', String(queueDepth ?? 'none'), originOf(queueDepth), 'the standard alerts at 10,000 in any case'),
    fact('transactions', counted.join(', ') || 'none', originOf(counted[0]), 'fewer than normal is an alert'),
    fact('smoke', `${smoke.length} requests`, originOf(smoke[0]), 'asked by ops smoke, besides the probes'),
    ...Object.entries(llm).map(([name, value]) =>
      fact(`llm.${name}`, String(value), 'declared', 'above it is an alert'),
    ),
  ]
}

function settings({ settings: declared, definition }: Subject): readonly ExplainedFact[] {
  return configRegistry(declared).entries.map(({ name, default: value, required, sensitive, description }) => {
    const shown = value ?? (required ? 'required' : 'not set')
    const isOwn = Object.hasOwn(definition.settings, name)
    return fact(`setting ${name}`, sensitive ? 'secret' : shown, isOwn ? 'declared' : 'default', description)
  })
}

function alertFact({ name, severity, respondWithin, summary }: Alert): ExplainedFact {
  return fact(`alert ${name}`, `${severity}, ${respondWithin}`, 'derived', summary)
}

function originOf(value: unknown): ExplainedFact['origin'] {
  return value === undefined ? 'default' : 'declared'
}
