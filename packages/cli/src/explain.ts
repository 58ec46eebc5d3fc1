/** What holds without having been declared, value by value, and why. */
import { configRegistry } from '@ops/config'
import type { Alert } from './alerts/alert.ts'
import { alertsOf } from './alerts/alerts.ts'
import type { Subject } from './subject.ts'

/** One fact about the service. */
export interface ExplainedFact {
  readonly name: string
  readonly value: string
  /** Where it comes from. */
  readonly origin: 'declared' | 'default' | 'derived' | 'left out'
  readonly why: string
}

/** Every value that artefacts and a start go by. Settings are explained by their declaration: nothing is read. */
export function explainSubject(subject: Subject): readonly ExplainedFact[] {
  const { definition, operations, missing } = subject
  const alerts = Object.values(alertsOf(subject)).flat()
  return [
    fact('name', definition.name, 'declared', 'service in logs and metrics, job in Prometheus'),
    fact('owner', definition.owner, 'declared', 'whom alerts call'),
    fact('tier', String(definition.tier), 'declared', 'how soon help is called'),
    ...features(subject),
    fact(
      'runbookBaseUrl',
      operations.runbookBaseUrl ?? 'runbooks',
      originOf(operations.runbookBaseUrl),
      'where runbook_url points',
    ),
    fact(
      'queueDepth',
      String(operations.queueDepth ?? 'none'),
      originOf(operations.queueDepth),
      'the standard alerts at 10,000 in any case',
    ),
    ...settings(subject),
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

function fact(name: string, value: string, origin: ExplainedFact['origin'], why: string): ExplainedFact {
  return { name, value, origin, why }
}
