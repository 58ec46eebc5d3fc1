/** Alerts on queues, where @ops/queue records them. */
import type { Subject } from '../subject.ts'
import { type Alert, type Guidance, select } from './alert.ts'
import { type LevelAlertOptions, levelAlert, seriesOf } from './level-alert.ts'

const JOBS = 'queue_jobs'
const STANDARD_DEPTH = 10_000

/** Depth by the standard and by the declared bound, and dead letters; none without declared jobs. */
export function queueAlerts(subject: Subject): readonly Alert[] {
  if (!subject.metrics.has(JOBS)) return []
  const { queueDepth } = subject.operations
  return [
    depth(subject, { name: 'QueueDepthHigh', bound: STANDARD_DEPTH, forMinutes: 15 }),
    ...(queueDepth === undefined
      ? []
      : [depth(subject, { name: 'QueueDepthAboveBound', bound: queueDepth, forMinutes: 10 })]),
    deadLetters(subject),
  ]
}

function depth(
  subject: Subject,
  { name, bound, forMinutes }: { name: string; bound: number; forMinutes: number },
): Alert {
  const level = (waiting: number): Record<string, number> => ({
    [seriesOf(subject, JOBS, { queue: 'work', state: 'waiting' })]: waiting,
  })
  return warn({
    name,
    expr: `max by (queue) (${select(subject, JOBS, { state: 'waiting' })}) > ${bound}`,
    forMinutes,
    summary: `More than ${bound} jobs wait in a queue`,
    guidance: {
      symptoms: 'Background work is done late.',
      impact: 'What users expect to happen soon happens later; Redis fills.',
      queries: [
        ['How old is the oldest?', `max by (queue) (${select(subject, 'queue_oldest_job_age_seconds')})`],
        ['How many are worked off?', `sum by (queue) (rate(${select(subject, 'worker_jobs_processed_total')}[5m]))`],
        ['How many fail?', `sum by (queue, error_type) (rate(${select(subject, 'worker_jobs_failed_total')}[5m]))`],
      ],
      causes: [
        'workers are down or too few',
        'handlers are slow: a dependency',
        'one producer or tenant enqueues in bulk',
      ],
      resolution: [
        `Add workers: \`kubectl scale deployment/${subject.definition.name} --replicas=<more>\`.`,
        'Handlers fail: cure the cause first, more workers only fail faster.',
      ],
      prevention: 'Scale workers by depth; bound what one producer may enqueue.',
    },
    proof: { kind: 'gauge', labels: { queue: 'work' }, firing: level(bound + 1), justBelow: level(bound) },
  })
}

function deadLetters(subject: Subject): Alert {
  const level = (letters: number): Record<string, number> => ({
    [seriesOf(subject, 'queue_dead_letters', { queue: 'work' })]: letters,
  })
  return warn({
    name: 'DeadLetters',
    expr: `max by (queue) (${select(subject, 'queue_dead_letters')}) > 0`,
    forMinutes: 15,
    summary: 'Jobs were given up and wait for a decision',
    guidance: {
      symptoms: 'Work that was accepted has not been done.',
      impact: 'For each dead letter somebody waits for something.',
      queries: [
        [
          'Of which kind are the errors?',
          `sum by (queue, error_type) (increase(${select(subject, 'worker_jobs_failed_total')}[1h]))`,
        ],
        ['Did one kill workers?', `increase(${select(subject, 'worker_jobs_crashed_total')}[1h])`],
      ],
      causes: [
        'a payload that no handler can work off',
        'a dependency that failed for longer than all retries',
        'a defect in a handler',
      ],
      resolution: [
        'Read the errors in the dead letters and in the log lines of the jobs.',
        'Cure the cause, then redrive; discard what nobody needs.',
      ],
      prevention: 'Validate payloads where they are enqueued; let retries outlast the outages you expect.',
    },
    proof: { kind: 'gauge', labels: { queue: 'work' }, firing: level(1), justBelow: level(0) },
  })
}

function warn(options: Omit<LevelAlertOptions, 'severity' | 'guidance'> & { guidance: Guidance }): Alert {
  return levelAlert({ severity: 'warning', dashboard: 'resources', ...options })
}
