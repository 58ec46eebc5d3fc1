/** A rollout by Argo Rollouts: few requests first, judged by their errors, then all, judged for a while longer. */
import { httpMetrics } from '@ops/http'
import { FEWEST_ALL } from '../alerts/share.ts'
import { VERSION_LABEL } from './access.ts'
import type { Canary } from './deployment.ts'
import type { DeployPlan, PlannedWorkload } from './plan.ts'
import { type Manifest, metadata, serviceManifest } from './workloads.ts'

const COUNT = `${httpMetrics.duration.name}_count`
const ERROR_RATIO = 0.05
const CANARY_MINUTES = 10
const WATCH_MINUTES = 15

/** The rollout, its analyses and the service of the new version. */
export function canaryManifests(plan: DeployPlan, api: PlannedWorkload, canary: Canary): readonly Manifest[] {
  const ofCanary = `{{args.version}}`
  return [
    serviceManifest(plan, api, `${api.name}-canary`),
    analysis(plan, api, { name: `${api.name}-canary`, minutes: CANARY_MINUTES, version: ofCanary }, canary),
    analysis(plan, api, { name: `${api.name}-after-rollout`, minutes: WATCH_MINUTES, version: undefined }, canary),
    rollout(plan, api, canary),
  ]
}

/** Share of failing requests; no sample where too few came to judge by, and so never a share of nothing. */
export function errorShare(service: string, version?: string): string {
  const matchers = [
    `job="${service}"`,
    ...(version === undefined ? [] : [`${VERSION_LABEL.replaceAll('-', '_')}="${version}"`]),
  ]
  const all = `${COUNT}{${matchers.join(',')}}`
  const failed = `${COUNT}{${[...matchers, 'status_class="5xx"'].join(',')}}`
  return `(sum(rate(${failed}[5m])) or vector(0)) / sum(rate(${all}[5m]))
and
sum(increase(${all}[5m])) >= ${FEWEST_ALL}`
}

/** Neither holds without a sample or for NaN: the rollout then waits for a person instead of guessing. */
const HAS_ANSWER = 'len(result) > 0 && !isNaN(result[0])'

function analysis(
  plan: DeployPlan,
  api: PlannedWorkload,
  { name, minutes, version }: { name: string; minutes: number; version: string | undefined },
  { prometheusUrl }: Canary,
): Manifest {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: metadata(plan, api, name),
    spec: {
      ...(version === undefined ? {} : { args: [{ name: 'version' }] }),
      metrics: [
        {
          name: 'error-share',
          initialDelay: '1m',
          interval: '1m',
          count: minutes,
          successCondition: `${HAS_ANSWER} && result[0] <= ${ERROR_RATIO}`,
          failureCondition: `${HAS_ANSWER} && result[0] > ${ERROR_RATIO}`,
          failureLimit: 0,
          inconclusiveLimit: Math.floor(minutes / 2),
          provider: { prometheus: { address: prometheusUrl, query: errorShare(plan.service, version) } },
        },
      ],
    },
  }
}

function rollout(plan: DeployPlan, api: PlannedWorkload, { trafficPercent = 10, trafficRouting }: Canary): Manifest {
  const version = { name: 'version', valueFrom: { podTemplateHashValue: 'Latest' } }
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: metadata(plan, api, api.name),
    spec: {
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: api.name, scaleDown: 'onsuccess' },
      revisionHistoryLimit: 5,
      minReadySeconds: 10,
      // Health checks that fail for 5 minutes take the version back.
      progressDeadlineSeconds: 300,
      progressDeadlineAbort: true,
      strategy: {
        canary: {
          stableService: api.name,
          canaryService: `${api.name}-canary`,
          trafficRouting,
          steps: [
            { setWeight: trafficPercent },
            { analysis: { templates: [{ templateName: `${api.name}-canary` }], args: [version] } },
            { setWeight: 100 },
            { analysis: { templates: [{ templateName: `${api.name}-after-rollout` }] } },
          ],
        },
      },
    },
  }
}
