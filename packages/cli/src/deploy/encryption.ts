/** TLS 1.3 for users where an ingress is declared, mutual TLS between pods where a mesh is; neither where nobody asks. */
import type { Ingress } from './deployment.ts'
import type { DeployPlan, PlannedWorkload } from './plan.ts'
import { type Manifest, metadata } from './workloads.ts'

const TRAEFIK = 'traefik.io/v1alpha1'
const ISTIO = 'networking.istio.io/v1'

/** What encrypts the ways to the service. */
export function encryptionManifests(plan: DeployPlan, api: PlannedWorkload | undefined): readonly Manifest[] {
  const { ingress, mesh } = plan
  const make = ingress?.controller === 'istio' ? istioGateway : traefikIngress
  return [
    ...(ingress === undefined || api === undefined ? [] : make(plan, api, ingress)),
    ...(mesh === undefined ? [] : [mutualTls(plan)]),
  ]
}

/** The options are those of this host alone: other hosts of the controller keep theirs. */
function traefikIngress(
  plan: DeployPlan,
  api: PlannedWorkload,
  { host, tlsSecret }: Required<Ingress>,
): readonly Manifest[] {
  const rule = { kind: 'Rule', match: `Host(\`${host}\`)`, services: [{ name: api.name, port: 'http' }] }
  return [
    {
      apiVersion: TRAEFIK,
      kind: 'TLSOption',
      metadata: metadata(plan, api, api.name),
      spec: { minVersion: 'VersionTLS13', sniStrict: true },
    },
    {
      apiVersion: TRAEFIK,
      kind: 'IngressRoute',
      metadata: metadata(plan, api, api.name),
      spec: {
        entryPoints: ['websecure'],
        routes: [rule],
        tls: { secretName: tlsSecret, options: { name: api.name } },
      },
    },
  ]
}

/** With a canary both versions stand in the one route, which the rollout weighs. */
function istioGateway(
  plan: DeployPlan,
  api: PlannedWorkload,
  { host, tlsSecret }: Required<Ingress>,
): readonly Manifest[] {
  const to = (service: string, weight: number): unknown => ({
    destination: { host: service, port: { number: 80 } },
    weight,
  })
  const route = plan.canary === undefined ? [to(api.name, 100)] : [to(api.name, 100), to(`${api.name}-canary`, 0)]
  return [
    {
      apiVersion: ISTIO,
      kind: 'Gateway',
      metadata: metadata(plan, api, api.name),
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [
          {
            port: { number: 443, name: 'https', protocol: 'HTTPS' },
            hosts: [host],
            tls: { mode: 'SIMPLE', credentialName: tlsSecret, minProtocolVersion: 'TLSV1_3' },
          },
        ],
      },
    },
    {
      apiVersion: ISTIO,
      kind: 'VirtualService',
      metadata: metadata(plan, api, api.name),
      spec: { hosts: [host], gateways: [api.name], http: [{ name: 'primary', route }] },
    },
  ]
}

/** Prometheus and the kubelet stand outside the mesh: their port takes both, and the network policy says who may. */
function mutualTls({ service, labels, opsPort }: DeployPlan): Manifest {
  const name = { 'app.kubernetes.io/name': service }
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: service, labels: { ...labels, ...name } },
    spec: {
      selector: { matchLabels: name },
      mtls: { mode: 'STRICT' },
      portLevelMtls: { [opsPort]: { mode: 'PERMISSIVE' } },
    },
  }
}
