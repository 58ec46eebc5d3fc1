/** The objects of one workload: Deployment, Service, autoscaler and disruption budget. */

import type { DeployPlan, Kind, PlannedWorkload } from './plan.ts'
import { podTemplate } from './pod.ts'

/** An object of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly [part: string]: unknown
}

/** The metric that the worker is scaled by, as the adapter serves it. */
export function depthMetric({ service }: DeployPlan): string {
  return `${service.replaceAll('-', '_')}_queue_jobs_waiting`
}

/** Everything of one workload. */
export function workloadManifests(plan: DeployPlan, workload: PlannedWorkload): readonly Manifest[] {
  return [
    ...(workload.kind === 'api' ? [serviceManifest(plan, workload, workload.name)] : []),
    deployment(plan, workload),
    autoscaler(plan, workload),
    disruptionBudget(plan, workload),
  ]
}

/** Name and labels of an object. */
export function metadata(plan: DeployPlan, { selector }: PlannedWorkload, name: string): Manifest['metadata'] {
  return { name, labels: { ...plan.labels, ...selector } }
}

/** A Service in front of the pods. */
export function serviceManifest(plan: DeployPlan, workload: PlannedWorkload, name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(plan, workload, name),
    spec: { selector: workload.selector, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  }
}

/** No replicas: the autoscaler decides them, and applying the file must not reset them. */
function deployment(plan: DeployPlan, workload: PlannedWorkload): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(plan, workload, workload.name),
    spec: {
      // Failing health checks end the rollout within 5 minutes.
      progressDeadlineSeconds: 300,
      minReadySeconds: 10,
      revisionHistoryLimit: 5,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: workload.selector },
      template: podTemplate(plan, workload),
    },
  }
}

/** Standard bounds of the autoscalers. */
export const REPLICAS: Readonly<Record<Kind, { readonly minReplicas: number; readonly maxReplicas: number }>> = {
  api: { minReplicas: 2, maxReplicas: 10 },
  worker: { minReplicas: 1, maxReplicas: 5 },
}

function autoscaler(plan: DeployPlan, workload: PlannedWorkload): Manifest {
  const { kind, name } = workload
  const target =
    kind === 'api' && plan.canary !== undefined
      ? { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name }
      : { apiVersion: 'apps/v1', kind: 'Deployment', name }
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(plan, workload, name),
    spec: {
      scaleTargetRef: target,
      ...REPLICAS[kind],
      metrics: [kind === 'api' ? cpu() : depth(plan)],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  }
}

function cpu(): unknown {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }
}

/** A replica for each 100 jobs that wait. */
function depth(plan: DeployPlan): unknown {
  return {
    type: 'External',
    external: { metric: { name: depthMetric(plan) }, target: { type: 'AverageValue', averageValue: '100' } },
  }
}

/** By what may be missing, not by what must be there: with one replica the latter would stop every drain of a node. */
function disruptionBudget(plan: DeployPlan, workload: PlannedWorkload): Manifest {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(plan, workload, workload.name),
    spec: { maxUnavailable: 1, selector: { matchLabels: workload.selector } },
  }
}
