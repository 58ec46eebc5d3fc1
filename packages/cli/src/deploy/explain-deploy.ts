/** Every value of a deployment: what was declared, what holds where nothing was, and why. */
import { type ExplainedFact, fact } from '../explained-fact.ts'
import type { Subject } from '../subject.ts'
import type { Canary, Deployment, Workload } from './deployment.ts'
import { type DeployPlan, type PlannedWorkload, planDeployment } from './plan.ts'
import { RESOURCES, USER_ID } from './pod.ts'
import { REPLICAS } from './workloads.ts'

type Origin = ExplainedFact['origin']

/** Facts of the declared deployment; that there is none, where none is. @throws TypeError or RangeError for one that does not fit together. */
export function explainDeploy(subject: Subject): readonly ExplainedFact[] {
  const { deploy } = subject.operations
  if (deploy === undefined)
    return [fact('deploy', 'none', 'default', 'no image, manifests or canary are made: declare operations.deploy')]
  const plan = planDeployment(subject, deploy)
  return [
    ...image(plan, deploy),
    ...plan.workloads.flatMap((workload) => ofWorkload(workload, deploy[workload.kind])),
    ...ways(plan, deploy),
    ...canary(deploy),
  ]
}

function image(
  { workspaceFolder, packageManager, baseImage, image: name, labels }: DeployPlan,
  deploy: Deployment,
): readonly ExplainedFact[] {
  const tags = Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(', ')
  return [
    fact('deploy.baseImage', baseImage, 'declared', 'by digest: what was built yesterday is built again tomorrow'),
    fact('deploy.image', name, 'declared', 'without a tag: the pipeline puts the digest in'),
    fact('deploy.packageManager', packageManager, originOf(deploy.packageManager), 'whose lockfile is installed from'),
    fact(
      'deploy.workspaceFolder',
      workspaceFolder ?? 'none',
      originOf(workspaceFolder),
      workspaceFolder === undefined ? 'the service is built alone' : 'the root of the workspace is the build context',
    ),
    fact(
      'deploy.user',
      String(USER_ID),
      'default',
      'a number that is not root, so that Kubernetes can hold it to that',
    ),
    fact('deploy.labels', tags, 'derived', 'cost tags of everything: labels, owner, environment'),
  ]
}

function ofWorkload(planned: PlannedWorkload, declared: Workload | undefined): readonly ExplainedFact[] {
  const { kind, name, entry, gracePeriodSeconds, preStopSeconds } = planned
  const { minReplicas, maxReplicas } = REPLICAS[kind]
  const { requests, limits } = RESOURCES[kind]
  const grace = declared?.terminationGracePeriodSeconds
  const scale = kind === 'api' ? 'by 70 % of the requested CPU' : 'by 100 waiting jobs a replica'
  return [
    fact(`deploy.${kind}`, name, 'derived', `the name of its objects; ${kind} alone takes the service's own`),
    fact(`deploy.${kind}.entry`, entry, 'declared', 'what node is started with'),
    fact(
      `deploy.${kind}.terminationGracePeriodSeconds`,
      String(gracePeriodSeconds),
      grace === undefined ? 'derived' : 'declared',
      `more than preStop ${preStopSeconds} s and the longest stop, so that a drain is never cut`,
    ),
    fact(
      `deploy.${kind}.resources`,
      `${requests.cpu} to ${limits.cpu} CPU, ${requests.memory} to ${limits.memory}`,
      'default',
      'the standard of the kind',
    ),
    fact(`deploy.${kind}.replicas`, `${minReplicas} to ${maxReplicas}`, 'default', `the standard, scaled ${scale}`),
    fact(
      `deploy.${kind}.probes`,
      '/startupz, /livez, /readyz',
      'default',
      'on the ops port, which answers while the main thread hangs',
    ),
  ]
}

function ways(
  { ingress, mesh, callers, environment, monitoringNamespace, port, opsPort }: DeployPlan,
  deploy: Deployment,
): readonly ExplainedFact[] {
  return [
    fact(
      'deploy.environment',
      environment,
      originOf(deploy.environment),
      'SERVICE_ENV and the tag env; overlays replace it',
    ),
    fact('deploy.ports', `${port}, ops ${opsPort}`, 'derived', 'the defaults of PORT and OPS_PORT'),
    fact(
      'deploy.monitoringNamespace',
      monitoringNamespace,
      originOf(deploy.monitoringNamespace),
      'alone may reach the ops port',
    ),
    fact(
      'deploy.callers',
      callers?.join(', ') ?? 'any pod',
      originOf(callers),
      'who may reach the port of the service',
    ),
    fact(
      'deploy.ingress',
      ingress === undefined ? 'none' : `${ingress.host} by ${ingress.controller}, ${ingress.tlsSecret}`,
      originOf(ingress),
      ingress === undefined ? 'users reach it by what is made elsewhere, or not at all' : 'TLS 1.3 and nothing below',
    ),
    fact(
      'deploy.mesh',
      mesh ?? 'none',
      originOf(mesh),
      mesh === undefined
        ? 'pods talk as they do: declare mesh for mutual TLS'
        : 'mutual TLS between pods, plain text refused',
    ),
  ]
}

function canary({ canary: declared }: Deployment): readonly ExplainedFact[] {
  if (declared === undefined)
    return [fact('deploy.canary', 'none', 'default', 'one replica after another is replaced; people judge the errors')]
  const { prometheusUrl, trafficPercent, trafficRouting }: Canary = declared
  return [
    fact(
      'deploy.canary.prometheusUrl',
      prometheusUrl,
      'declared',
      'asked for the share of errors, 10 min of the canary and 15 after',
    ),
    fact(
      'deploy.canary.trafficPercent',
      String(trafficPercent ?? 10),
      originOf(trafficPercent),
      'what a new version gets first',
    ),
    fact('deploy.canary.trafficRouting', Object.keys(trafficRouting).join(', '), 'declared', 'who splits the requests'),
  ]
}

function originOf(value: unknown): Origin {
  return value === undefined ? 'default' : 'declared'
}
