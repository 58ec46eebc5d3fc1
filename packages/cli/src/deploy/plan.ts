/** The deployment as everything below needs it: names, labels, ports and times, checked against each other. */
import { configRegistry, type RegistryEntry } from '@ops/config'
import { drainProblems, LIFECYCLE_DEFAULTS, longestStopMs } from '@ops/health'
import type { Subject } from '../subject.ts'
import type { Deployment, Ingress, Workload } from './deployment.ts'

/** Which process of the service. */
export type Kind = 'api' | 'worker'

/** A workload with what follows from the declaration. */
export interface PlannedWorkload {
  readonly kind: Kind
  /** Of the Deployment and all that belongs to it. */
  readonly name: string
  readonly entry: string
  readonly gracePeriodSeconds: number
  /** Before the stop signal, so that nothing is routed here any more. */
  readonly preStopSeconds: number
  /** What never changes: selectors. */
  readonly selector: Readonly<Record<string, string>>
}

/** The whole of it. */
export interface DeployPlan {
  readonly service: string
  readonly image: string
  readonly baseImage: string
  readonly environment: string
  readonly monitoringNamespace: string
  readonly port: number
  readonly opsPort: number
  readonly drain: { readonly delayMs: number; readonly deadlineMs: number }
  /** Cost tags and the recommended labels, of everything. */
  readonly labels: Readonly<Record<string, string>>
  readonly settings: readonly RegistryEntry[]
  readonly workloads: readonly PlannedWorkload[]
  readonly packageManager: 'npm' | 'pnpm'
  readonly workspaceFolder: Deployment['workspaceFolder']
  readonly ingress: Required<Ingress> | undefined
  readonly mesh: Deployment['mesh']
  readonly callers: Deployment['callers']
  readonly canary: Deployment['canary']
}

/** Endpoints are told of an end as late as a process is; only what takes requests has any. */
const PRE_STOP_SECONDS: Readonly<Record<Kind, number>> = { api: 5, worker: 0 }
const LABEL_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/

/** @throws TypeError or RangeError for what does not fit together, naming both sides. */
export function planDeployment(subject: Subject, deploy: Deployment): DeployPlan {
  const { name } = subject.definition
  const settings = configRegistry(subject.settings).entries
  const defaultOf = (setting: string): number => numberOf(name, settings, setting)
  const drain = { delayMs: defaultOf('DRAIN_DELAY_MS'), deadlineMs: defaultOf('DRAIN_DEADLINE_MS') }
  const { environment = 'production', monitoringNamespace = 'monitoring', packageManager = 'npm' } = deploy
  const { baseImage, image, workspaceFolder, ingress, mesh, callers, canary } = deploy
  return {
    service: name,
    image,
    baseImage,
    environment,
    monitoringNamespace,
    packageManager,
    workspaceFolder,
    ingress: ingress === undefined ? undefined : { tlsSecret: `${name}-tls`, ...ingress },
    mesh,
    callers,
    port: portOf(name, 'PORT', defaultOf('PORT')),
    opsPort: portOf(name, 'OPS_PORT', defaultOf('OPS_PORT')),
    drain,
    labels: labelsOf(subject, environment),
    settings,
    workloads: workloadsOf(name, deploy, drain),
    canary,
  }
}

function workloadsOf(service: string, deploy: Deployment, drain: DeployPlan['drain']): readonly PlannedWorkload[] {
  const { api, worker } = deploy
  const planned = (kind: Kind, workload: Workload, name: string): PlannedWorkload => ({
    kind,
    name,
    entry: workload.entry,
    preStopSeconds: PRE_STOP_SECONDS[kind],
    gracePeriodSeconds: gracePeriod(kind, workload, drain),
    selector: { 'app.kubernetes.io/name': service, 'app.kubernetes.io/component': kind },
  })
  return [
    ...(api === undefined ? [] : [planned('api', api, service)]),
    // Alone it takes the service's own name, which runbooks use.
    ...(worker === undefined ? [] : [planned('worker', worker, api === undefined ? service : `${service}-worker`)]),
  ]
}

/** The declared grace period where it fits, else the least that does. */
function gracePeriod(kind: Kind, { terminationGracePeriodSeconds }: Workload, drain: DeployPlan['drain']): number {
  const { closeTimeoutMs, flushTimeoutMs } = LIFECYCLE_DEFAULTS
  const times = { propagationDelayMs: drain.delayMs, deadlineMs: drain.deadlineMs, closeTimeoutMs, flushTimeoutMs }
  const preStopMs = PRE_STOP_SECONDS[kind] * 1000
  const stopMs = longestStopMs(times)
  const least = Math.floor((preStopMs + stopMs) / 1000) + 1
  const given = terminationGracePeriodSeconds ?? least
  const left = given * 1000 - preStopMs
  if (Number.isInteger(given) && drainProblems({ ...times, terminationGracePeriodMs: left }).length === 0) return given
  throw new RangeError(
    `Cannot use operations: deploy.${kind}.terminationGracePeriodSeconds is ${given}, but a stop may take ${(preStopMs + stopMs) / 1000} s (preStop ${preStopMs / 1000} + deadline ${drain.deadlineMs / 1000} + close ${closeTimeoutMs / 1000} + flush ${flushTimeoutMs / 1000}), expected an integer from ${least}`,
  )
}

function labelsOf({ definition }: Subject, env: string): Readonly<Record<string, string>> {
  const { name, owner, labels = {} } = definition
  const missing = ['project', 'cost-center'].filter((tag) => !Object.hasOwn(labels, tag))
  if (missing.length > 0)
    throw new TypeError(
      `Cannot deploy ${name}: labels of the service lack ${missing.join(' and ')}, expected both, for its costs`,
    )
  const all = { ...labels, owner, env, 'app.kubernetes.io/part-of': labels['project'] ?? '' }
  for (const [label, value] of Object.entries(all)) {
    if (!LABEL_VALUE.test(value))
      throw new TypeError(
        `Cannot deploy ${name}: label ${label} is ${JSON.stringify(value)}, expected 1 to 63 of letters, digits, dots, dashes`,
      )
  }
  return all
}

function portOf(service: string, setting: string, port: number): number {
  if (port > 0) return port
  throw new RangeError(`Cannot deploy ${service}: default of ${setting} is 0, expected a port that probes can name`)
}

function numberOf(service: string, settings: readonly RegistryEntry[], setting: string): number {
  const text = settings.find(({ name }) => name === setting)?.default
  const value = Number(text)
  if (text !== undefined && Number.isFinite(value)) return value
  throw new TypeError(`Cannot deploy ${service}: default of ${setting} is ${text ?? 'not set'}, expected a number`)
}
