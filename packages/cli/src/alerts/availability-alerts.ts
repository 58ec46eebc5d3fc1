/** Alerts on what answers at all: the replicas themselves, their checks, and what the service calls. */
import { healthMetrics, lifecycleMetrics } from '@ops/health'
import { httpMetrics } from '@ops/http'
import { metricsMetrics } from '@ops/metrics'
import type { Subject } from '../subject.ts'
import { type Alert, camelCase, select } from './alert.ts'
import { levelAlert, proofOf, seriesOf, targetLabels } from './level-alert.ts'

const LOOK_FIRST = (name: string): string => `\`kubectl get pods -l app.kubernetes.io/name=${name} -o wide\``

/** Alerts of every service, and one for each HTTP dependency it declares. */
export function availabilityAlerts(subject: Subject): readonly Alert[] {
  const { dependencies = {} } = subject.definition
  const called = Object.entries(dependencies).filter(([, { kind }]) => kind === 'http')
  return [
    absent(subject),
    down(subject),
    check(subject),
    ...called.map(([name]) => dependency(subject, name)),
    ...redis(subject),
  ]
}

function absent(subject: Subject): Alert {
  const { name } = subject.definition
  const up = seriesOf(subject, 'up')
  return levelAlert({
    name: 'TargetAbsent',
    expr: `absent(${select(subject, 'up')})`,
    forMinutes: 5,
    severity: 'critical',
    summary: `Prometheus knows no replica of ${name}`,
    guidance: {
      symptoms: 'Every graph of the service is empty, and no other alert of it can fire.',
      impact: 'Either nothing runs, or it runs unseen.',
      causes: [
        'all replicas are gone',
        `the scrape job is not named ${name}`,
        'discovery or the network policy of the ops port changed',
      ],
      resolution: [
        `Does it run? ${LOOK_FIRST(name)}`,
        `It runs: look for the job on Prometheus' targets page; its name must be \`${name}\`.`,
        'It does not: look at the last deployment, and roll it back.',
      ],
      prevention: 'Change scrape configuration by review, and look at the targets page afterwards.',
    },
    proof: proofOf({ job: name }, [
      ['fires without data', {}, 10, true],
      ['keeps still while a replica is known', { [up]: '1x20' }, 10, false],
      ['keeps still while a replica is known and down', { [up]: '0x20' }, 10, false],
      ['keeps still just before its time', { [up]: '1x5 stale' }, 10, false],
      ['resolves', { [up]: '_x10 1x10' }, 20, false],
    ]),
  })
}

function down(subject: Subject): Alert {
  const { name } = subject.definition
  const level = (value: number): Record<string, number> => ({ [seriesOf(subject, 'up')]: value })
  return levelAlert({
    name: 'TargetDown',
    expr: `${select(subject, 'up')} == 0`,
    forMinutes: 3,
    severity: 'critical',
    summary: `A replica of ${name} does not answer Prometheus`,
    guidance: {
      symptoms: 'The ops port of a known replica answers nothing.',
      impact: 'The replica is dead, or alive and unseen; the others carry its traffic.',
      queries: [['How many are left?', `sum(${select(subject, 'up')})`]],
      causes: [
        'the process crashed or hangs',
        'the node is gone',
        'the ops port is not reachable: `OPS_HOST` or a network policy',
      ],
      resolution: [
        `Find it: ${LOOK_FIRST(name)}`,
        `Read its end: \`kubectl logs deploy/${name} --previous | tail -50\`.`,
      ],
      prevention: 'Liveness probes restart what hangs; spread replicas over nodes.',
    },
    proof: { kind: 'gauge', labels: targetLabels(subject), firing: level(0), justBelow: level(1) },
  })
}

function check(subject: Subject): Alert {
  const level = (value: number): Record<string, number> => ({
    [seriesOf(subject, healthMetrics.checkUp.name, { check: 'database' })]: value,
  })
  return levelAlert({
    name: 'HealthCheckFailing',
    expr: `${select(subject, healthMetrics.checkUp.name)} == 0`,
    forMinutes: 5,
    severity: 'warning',
    summary: 'A health check has failed for 5 minutes',
    guidance: {
      symptoms: 'The label `check` names what failed; `/healthz` says how.',
      impact: 'Where the check decides readiness, the replica takes no traffic.',
      queries: [
        [
          'How do the runs end?',
          `sum by (check, outcome) (rate(${select(subject, healthMetrics.checkRuns.name)}[5m]))`,
        ],
        ['Which replicas take traffic?', select(subject, healthMetrics.ready.name)],
        ['Is one draining?', select(subject, lifecycleMetrics.draining.name)],
      ],
      causes: ['the dependency is down', 'its address or credential changed', 'the network between them'],
      resolution: [
        `Read the answer: \`kubectl exec deploy/${subject.definition.name} -- wget -qO- localhost:9090/healthz\`.`,
      ],
      prevention: 'Keep checks of shared dependencies out of readiness, so that one outage does not stop all.',
    },
    proof: {
      kind: 'gauge',
      labels: targetLabels(subject, { check: 'database' }),
      firing: level(0),
      justBelow: level(1),
    },
  })
}

function dependency(subject: Subject, name: string): Alert {
  const metric = httpMetrics.dependencyUp.name
  const levels = (first: number, second: number): Record<string, number> => ({
    [seriesOf(subject, metric, { dependency: name })]: first,
    [seriesOf(subject, metric, { dependency: name }).replace('a:9090', 'b:9090')]: second,
  })
  return levelAlert({
    name: `${camelCase(name)}Unavailable`,
    expr: `avg(${select(subject, metric, { dependency: name })}) < 0.5`,
    forMinutes: 5,
    severity: 'warning',
    dashboard: 'resources',
    summary: `${name} does not answer most replicas`,
    guidance: {
      symptoms: `Calls to ${name} fail or time out; fallbacks are in use where there are some.`,
      impact: `What needs ${name} fails or is served from a fallback.`,
      queries: [
        [
          'How do calls end?',
          `sum by (client, status) (rate(${select(subject, `${httpMetrics.clientDuration.name}_count`)}[5m]))`,
        ],
        ['Which version runs?', `count by (version) (${select(subject, metricsMetrics.buildInfo.name)})`],
      ],
      causes: [`${name} is down or overloaded`, 'its address changed', 'the network between them'],
      resolution: [
        `Look at the alerts of ${name}, and tell its owners.`,
        'Lower what depends on it where a flag or a fallback allows.',
      ],
      prevention: 'A timeout, a bounded retry and a fallback for every call.',
    },
    proof: { kind: 'gauge', firing: levels(0, 0), justBelow: levels(1, 0) },
  })
}

function redis(subject: Subject): readonly Alert[] {
  const metric = subject.metrics.get('redis_up')
  if (metric === undefined) return []
  const level = (value: number): Record<string, number> => ({
    [seriesOf(subject, metric.name, { client: 'main' })]: value,
  })
  const alert = levelAlert({
    name: 'RedisUnavailable',
    expr: `${select(subject, metric.name)} == 0`,
    forMinutes: 2,
    severity: 'critical',
    dashboard: 'resources',
    summary: 'A replica has no connection to Redis',
    guidance: {
      symptoms: 'Cache reads go to their source; jobs are neither accepted nor worked off.',
      impact: 'Higher latency and load on the database; background work stands still.',
      queries: [['Since when do connections drop?', `increase(${select(subject, 'redis_disconnects_total')}[15m])`]],
      causes: ['Redis is down or fails over', 'its credential was rotated', 'the network between them'],
      resolution: [
        'Does Redis answer? `redis-cli -u "$REDIS_URL" ping`',
        'Memory full? `redis-cli -u "$REDIS_URL" info memory`',
      ],
      prevention: 'A replica with automatic failover; eviction off for queues.',
    },
    proof: { kind: 'gauge', labels: targetLabels(subject, { client: 'main' }), firing: level(0), justBelow: level(1) },
  })
  return [alert]
}
