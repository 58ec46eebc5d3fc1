import { deliveryMetrics } from '../metrics.ts'
import type { Subject } from '../subject.ts'
import { type Alert, select } from './alert.ts'
import { levelAlert } from './level-alert.ts'

/** Two failed deployments in a row, by what the pipeline reports; a pipeline that reports nothing alerts nobody. */
export function deliveryAlerts(subject: Subject): readonly Alert[] {
  const { name } = subject.definition
  const metric = deliveryMetrics.consecutiveFailures.name
  const series = `${metric}{job="${name}"}`
  const alert = levelAlert({
    name: 'DeploymentsFailing',
    expr: `max(${select(subject, metric)}) >= 2`,
    forMinutes: 0,
    severity: 'critical',
    respondWithin: '15m',
    summary: `Two deployments of ${name} in a row have failed`,
    guidance: {
      symptoms: 'The pipeline is red; what runs is the version before.',
      impact: 'No change reaches users, a fix for something worse included.',
      queries: [['Which versions run?', `count by (version, commit) (${select(subject, 'build_info')})`]],
      causes: [
        'a setting or a secret that the new version needs is missing',
        'the canary fails its analysis',
        'the pipeline itself: registry, quota, cluster',
      ],
      resolution: [
        `How far did it get? \`kubectl get events --sort-by=.lastTimestamp | grep ${name} | tail -20\``,
        `Does the new version start? \`kubectl logs -l app.kubernetes.io/name=${name} --since=30m | grep -m1 Cannot\``,
        'Freeze further merges until one deployment has succeeded.',
      ],
      prevention: 'Deploy to staging first, with the same manifests and settings of the same names.',
    },
    proof: {
      labels: {},
      cases: [
        { title: 'fires', series: { [series]: '0x5 1x5 2x10' }, atMinutes: 15, fires: true },
        { title: 'keeps still just below', series: { [series]: '0x5 1x15' }, atMinutes: 15, fires: false },
        { title: 'keeps still without data', series: {}, atMinutes: 15, fires: false },
        { title: 'resolves', series: { [series]: '2x10 0x10' }, atMinutes: 18, fires: false },
      ],
    },
  })
  return [alert]
}
