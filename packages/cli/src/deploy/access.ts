/** Who reaches the pods: Prometheus the ops port, everybody the service's port, and how Prometheus finds them. */
import type { DeployPlan } from './plan.ts'
import { depthMetric, type Manifest } from './workloads.ts'

/** Label that Argo Rollouts gives the pods of one version. */
export const VERSION_LABEL = 'rollouts-pod-template-hash'

/** Namespace of whoever ends TLS. */
const NAMESPACES = { traefik: 'traefik', istio: 'istio-system' } as const

/** Policy and discovery, of all workloads. */
export function accessManifests(plan: DeployPlan): readonly Manifest[] {
  const metadata = { name: plan.service, labels: { ...plan.labels, 'app.kubernetes.io/name': plan.service } }
  const everyPod = { matchLabels: { 'app.kubernetes.io/name': plan.service } }
  return [
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec: policy(plan, everyPod) },
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata,
      spec: {
        // The alerts expect the service's name as job.
        jobLabel: 'app.kubernetes.io/name',
        selector: everyPod,
        podTargetLabels: [VERSION_LABEL],
        podMetricsEndpoints: [{ port: 'ops', path: '/metrics', interval: '15s', scrapeTimeout: '10s' }],
      },
    },
  ]
}

/** The kubelet, which probes, is let in by every network plugin. */
function policy(plan: DeployPlan, podSelector: unknown): unknown {
  const { workloads, port, opsPort, monitoringNamespace } = plan
  const answers = workloads.some(({ kind }) => kind === 'api')
  const callers = callersOf(plan)
  return {
    podSelector,
    policyTypes: ['Ingress'],
    ingress: [
      ...(answers ? [{ ...(callers === undefined ? {} : { from: callers }), ports: [{ protocol: 'TCP', port }] }] : []),
      { from: [namespace(monitoringNamespace)], ports: [{ protocol: 'TCP', port: opsPort }] },
    ],
  }
}

/** Who may send requests; undefined where anybody may, for nobody was named. */
function callersOf({ callers, ingress }: DeployPlan): readonly unknown[] | undefined {
  if (callers === undefined) return undefined
  const services = callers.map((name) => ({ podSelector: { matchLabels: { 'app.kubernetes.io/name': name } } }))
  return ingress === undefined ? services : [...services, namespace(NAMESPACES[ingress.controller])]
}

function namespace(name: string): unknown {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }
}

/** A rule for the Prometheus adapter, which serves the depth of the queues to the autoscaler. */
export function adapterRules(plan: DeployPlan): unknown {
  const waiting = `queue_jobs{job="${plan.service}",state="waiting"}`
  return {
    rules: {
      external: [
        {
          seriesQuery: waiting,
          resources: { namespaced: false },
          name: { as: depthMetric(plan) },
          // Every replica reports every queue: the greatest, not the sum, is its depth.
          metricsQuery: `sum(max by (queue) (${waiting}))`,
        },
      ],
    },
  }
}
