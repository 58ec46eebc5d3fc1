import { expressionProblems } from '../expression.ts'
import type { Subject } from '../subject.ts'
import type { Alert, AlertSource } from './alert.ts'
import { availabilityAlerts } from './availability-alerts.ts'
import { businessAlerts } from './business-alerts.ts'
import { cacheAlerts } from './cache-alerts.ts'
import { databaseAlerts } from './database-alerts.ts'
import { deliveryAlerts } from './delivery-alerts.ts'
import { featureAlerts } from './feature-alerts.ts'
import { queueAlerts } from './queue-alerts.ts'
import { saturationAlerts } from './saturation-alerts.ts'
import { storageAlerts } from './storage-alerts.ts'

const SOURCES: Readonly<Record<string, AlertSource>> = {
  features: featureAlerts,
  availability: availabilityAlerts,
  saturation: saturationAlerts,
  database: databaseAlerts,
  caches: cacheAlerts,
  queues: queueAlerts,
  storage: storageAlerts,
  business: businessAlerts,
  delivery: deliveryAlerts,
}

/** Alerts by group, groups without any left out. */
export type AlertGroups = Readonly<Record<string, readonly Alert[]>>

/**
 * Every alert that the declaration can express.
 *
 * @throws TypeError or RangeError for bounds that do not fit the metrics, or two alerts of one name.
 */
export function alertsOf(subject: Subject): AlertGroups {
  const groups = Object.entries(SOURCES).map(([group, source]) => [group, source(subject)] as const)
  assertSound(
    groups.flatMap(([, alerts]) => alerts),
    subject,
  )
  return Object.fromEntries(groups.filter(([, alerts]) => alerts.length > 0))
}

/** An alert on a metric nobody records would never fire, and nobody would notice. */
function assertSound(alerts: readonly Alert[], { metrics }: Subject): void {
  const seen = new Set<string>()
  for (const { name, expr, guidance } of alerts) {
    if (seen.has(name)) throw new TypeError(`Cannot make alert ${name}: declared twice, expected names that differ`)
    seen.add(name)
    for (const text of [expr, ...guidance.queries.map(([, query]) => query)]) {
      const [problem] = expressionProblems(text, metrics)
      if (problem !== undefined)
        throw new TypeError(`Cannot make alert ${name}: ${problem}, expected what a catalogue declares`)
    }
  }
}
