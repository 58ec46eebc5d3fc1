/** Holds objects of Kubernetes to their published schemas, unknown fields included, which a cluster drops in silence. */
import { AnalysisTemplate, Rollout } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1'
import { Gateway, VirtualService } from '@kubernetes-models/istio/networking.istio.io/v1'
import { PeerAuthentication } from '@kubernetes-models/istio/security.istio.io/v1'
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'
import { IngressRoute, TLSOption } from '@kubernetes-models/traefik/traefik.io/v1alpha1'
import { Deployment } from 'kubernetes-models/apps/v1'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Service } from 'kubernetes-models/v1'

const MODELS = [
  Deployment,
  Service,
  HorizontalPodAutoscaler,
  PodDisruptionBudget,
  NetworkPolicy,
  PodMonitor,
  AnalysisTemplate,
  Rollout,
  Gateway,
  VirtualService,
  PeerAuthentication,
  IngressRoute,
  TLSOption,
] as const

/** What breaks the schema of its kind, a sentence each; empty when all is known and right. */
export function manifestProblems(manifest: unknown): readonly string[] {
  const { apiVersion, kind } = manifest as { apiVersion: string; kind: string }
  const Model = MODELS.find((model) => model.kind === kind && model.apiVersion === apiVersion)
  if (Model === undefined) return [`${apiVersion} ${kind} has no schema here`]
  const asked: Asked = new Map()
  try {
    // Not on an instance, which would be a copy: the validator is to ask the object itself.
    Model.prototype.validate.call(watched(manifest, '', asked))
  } catch (error) {
    return [(error as Error).message]
  }
  return unknownFields(manifest, '', asked)
}

type Asked = Map<string, Set<string>>

/** Remembers which properties the validator asks for: those of the schema, whether they are there or not. */
function watched(value: unknown, path: string, asked: Asked): unknown {
  if (typeof value !== 'object' || value === null) return value
  const keys = asked.get(path) ?? new Set()
  asked.set(path, keys)
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === 'string') keys.add(key)
      return watched(Reflect.get(target, key), `${path}/${String(key)}`, asked)
    },
  })
}

/** Of an object that no property was asked of, the schema says nothing. */
function unknownFields(value: unknown, path: string, asked: Asked): string[] {
  if (typeof value !== 'object' || value === null) return []
  const keys = asked.get(path)
  if (keys === undefined || keys.size === 0) return []
  return Object.entries(value).flatMap(([key, part]) =>
    keys.has(key) ? unknownFields(part, `${path}/${key}`, asked) : [`${path}/${key} is unknown`],
  )
}
