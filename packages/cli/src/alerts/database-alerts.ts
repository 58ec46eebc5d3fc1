/** Alerts on pools of database connections, where @ops/db records them. */
import type { Subject } from '../subject.ts'
import { type Alert, type Severity, select } from './alert.ts'
import { levelAlert, seriesOf, targetLabels } from './level-alert.ts'

const ACTIVE = 'db_connections_active'
const MAX = 'db_connections_max'
const FEWEST_FAILURES = 5

/** Both bounds of the standard, and its availability; none without a declared database. */
export function databaseAlerts(subject: Subject): readonly Alert[] {
  if (!subject.metrics.has(ACTIVE)) return []
  return [
    pool(subject, 'DatabasePoolHigh', 80, 'warning'),
    pool(subject, 'DatabasePoolExhausted', 90, 'critical'),
    unreachable(subject),
  ]
}

function pool(subject: Subject, name: string, percent: number, severity: Severity): Alert {
  const level = (active: number): Record<string, number> => ({
    [seriesOf(subject, ACTIVE, { db: 'main' })]: active,
    [seriesOf(subject, MAX, { db: 'main' })]: 100,
  })
  return levelAlert({
    name,
    expr: `${select(subject, ACTIVE)} / ${select(subject, MAX)} > ${percent / 100}`,
    forMinutes: severity === 'critical' ? 1 : 5,
    severity,
    dashboard: 'resources',
    summary: `More than ${percent} % of the connections of a pool are in use`,
    guidance: {
      symptoms: 'Requests wait for a connection before their first statement.',
      impact: 'Latency rises; when the wait times out, requests fail.',
      queries: [
        ['Who waits?', select(subject, 'db_connections_waiting')],
        [
          'Which statements are slow?',
          `histogram_quantile(0.95, sum by (le, operation) (rate(${select(subject, 'db_query_duration_seconds_bucket')}[5m])))`,
        ],
      ],
      causes: [
        'slow statements, for lack of an index or for a lock',
        'transactions held open during calls to others',
        'more traffic than the pool is sized for',
      ],
      resolution: [
        'What runs? `psql "$DATABASE_URL" -c "select pid, state, now() - query_start as age, left(query, 80) from pg_stat_activity order by age desc nulls last limit 10"`',
        'End one that blocks the others: `psql "$DATABASE_URL" -c "select pg_terminate_backend(<pid>)"`',
        'Enlarge the pool only if the database has connections to spare.',
      ],
      prevention:
        'A statement timeout; no calls to others inside a transaction; pool size times replicas below the limit of the database.',
    },
    proof: {
      kind: 'gauge',
      labels: targetLabels(subject, { db: 'main' }),
      firing: level(percent + 5),
      justBelow: level(percent),
    },
  })
}

function unreachable(subject: Subject): Alert {
  const errors = select(subject, 'db_errors_total', { kind: 'connect' })
  const series = seriesOf(subject, 'db_errors_total', { db: 'main', kind: 'connect' })
  return levelAlert({
    name: 'DatabaseUnreachable',
    expr: `sum by (db) (increase(${errors}[5m])) > ${FEWEST_FAILURES}`,
    forMinutes: 2,
    severity: 'critical',
    dashboard: 'resources',
    summary: `More than ${FEWEST_FAILURES} connections to a database failed within 5 minutes`,
    guidance: {
      symptoms: 'Requests and jobs that need the database fail or wait.',
      impact: 'What needs the database does not work.',
      queries: [['Which failures are there?', `sum by (db, kind) (rate(${select(subject, 'db_errors_total')}[5m]))`]],
      causes: [
        'the database is down or fails over',
        'its limit of connections is reached',
        'its address or credential changed',
      ],
      resolution: [
        'Does it answer? `psql "$DATABASE_URL" -c "select 1"`',
        'Is it full? `psql "$DATABASE_URL" -c "select count(*), current_setting(\'max_connections\') from pg_stat_activity"`',
        'Restore or fail over: `operations/backup.md`.',
      ],
      prevention: 'A standby with automatic failover; pool size times replicas below the limit of the database.',
    },
    proof: {
      kind: 'counter',
      labels: { db: 'main' },
      firing: { [series]: 2 },
      justBelow: { [series]: 0.9 },
      recovered: { [series]: 0 },
    },
  })
}
