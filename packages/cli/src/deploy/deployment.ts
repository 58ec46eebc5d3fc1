/** What a deployment needs to know beyond the service: images, workloads, environment, canary. */

/** A process of the service. */
export interface Workload {
  /** Module that starts it, relative to the folder of the service: as built, `dist/main.js`, or `src/main.ts`, which Node 22.18 runs. */
  readonly entry: string
  /**
   * What Kubernetes waits before it kills, in seconds; more than the longest stop.
   *
   * @defaultValue the least that is more
   */
  readonly terminationGracePeriodSeconds?: number
}

/** A rollout that shows a version to a few requests first, by Argo Rollouts. */
export interface Canary {
  /** Where its analysis asks, such as `http://prometheus.monitoring:9090`. */
  readonly prometheusUrl: string
  /** Who splits the traffic: Argo's own `trafficRouting`, as it stands in a Rollout. Replicas alone cannot split at 10 %. */
  readonly trafficRouting: Readonly<Record<string, unknown>>
  /** Share of requests that the new version gets, in percent, 5 to 10. @defaultValue 10 */
  readonly trafficPercent?: number
}

/** Where requests of users come in: over TLS 1.3 only, and by one host name. */
export interface Ingress {
  /** Name that users ask for, such as `shop.example.com`. */
  readonly host: string
  /** Who ends TLS: Traefik, by an IngressRoute with options of its own, or Istio, by a Gateway. */
  readonly controller: 'traefik' | 'istio'
  /** Secret with certificate and key, in the namespace of whoever ends TLS. @defaultValue `<service>-tls` */
  readonly tlsSecret?: string
}

/**
 * How the service is deployed.
 *
 * @example
 * const deploy: Deployment = {
 *   baseImage: 'node:24-slim@sha256:<64 hex digits>',
 *   image: 'registry.example.com/shop/orders',
 *   api: { entry: 'dist/main.js' },
 * }
 */
export interface Deployment {
  /** A slim image with Node, pinned by digest; what it was yesterday is what it is tomorrow. */
  readonly baseImage: string
  /** Repository of the service's image, without tag or digest: the pipeline sets that. */
  readonly image: string
  /** Answers requests. @defaultValue none; there is an `api` or a `worker` */
  readonly api?: Workload
  /** Works off jobs. @defaultValue none; there is an `api` or a `worker` */
  readonly worker?: Workload
  /** Tag `env` and `SERVICE_ENV`; overlays replace it. @defaultValue `production` */
  readonly environment?: string
  /** Namespace of Prometheus, which alone may reach the ops port. @defaultValue `monitoring` */
  readonly monitoringNamespace?: string
  /** Whose lockfile the image is built from. @defaultValue `npm` */
  readonly packageManager?: 'npm' | 'pnpm'
  /** Folder of the service in a pnpm workspace, whose root is then what the image is built from. @defaultValue none: the service stands alone */
  readonly workspaceFolder?: string
  /** @defaultValue none: requests come from inside the cluster, or by what is made elsewhere */
  readonly ingress?: Ingress
  /** Whose sidecars encrypt between pods: nothing unencrypted reaches the service's port. @defaultValue none */
  readonly mesh?: 'istio'
  /** Services (`app.kubernetes.io/name`) that alone may call this one, beside the ingress. @defaultValue any pod may */
  readonly callers?: readonly string[]
  /** @defaultValue none: the rollout replaces one replica after another */
  readonly canary?: Canary
}

const PINNED = /^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}$/
const REPOSITORY = /^[a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9][a-z0-9._-]*)*$/
const ENTRY = /^[A-Za-z0-9_][A-Za-z0-9_./-]*\.m?[jt]s$/
const FOLDER = /^[A-Za-z0-9_][A-Za-z0-9_-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** @throws TypeError or RangeError that names the part, what was given and what is allowed. */
export function assertDeployment(deploy: Deployment): void {
  const { baseImage, image, api, worker, environment = 'production', monitoringNamespace = 'monitoring' } = deploy
  assertText('baseImage', baseImage, PINNED, 'an image pinned by digest, like node:24-slim@sha256:<64 hex digits>')
  assertText('image', image, REPOSITORY, 'a repository without tag or digest, like registry.example.com/shop/orders')
  assertText('environment', environment, LABEL, `a name like ${LABEL}`)
  assertText('monitoringNamespace', monitoringNamespace, LABEL, `a name like ${LABEL}`)
  if (api === undefined && worker === undefined)
    throw new TypeError('Cannot use operations: deploy has no workload, expected api, worker or both')
  for (const [kind, workload] of Object.entries({ api, worker })) {
    if (workload === undefined) continue
    const { entry } = workload
    assertText(`${kind}.entry`, entry, ENTRY, 'a module, like dist/main.js')
  }
  assertBuild(deploy)
  assertWays(deploy)
  assertCanary(deploy)
}

function assertBuild({ packageManager = 'npm', workspaceFolder }: Deployment): void {
  assertText('packageManager', packageManager, /^p?npm$/, 'npm or pnpm')
  if (workspaceFolder === undefined) return
  assertText('workspaceFolder', workspaceFolder, FOLDER, 'a folder below the root of the workspace, like services/shop')
  if (packageManager !== 'pnpm')
    throw new TypeError(
      `Cannot use operations: deploy.workspaceFolder is given with packageManager ${packageManager}, expected pnpm`,
    )
}

/** Who may come in, and how. */
function assertWays({ api, ingress, mesh = 'istio', callers = [] }: Deployment): void {
  assertText('mesh', mesh, /^istio$/, 'istio')
  for (const caller of callers) assertText('callers', caller, LABEL, `names like ${LABEL}`)
  if (ingress === undefined) return
  if (api === undefined)
    throw new TypeError('Cannot use operations: deploy.ingress is given without deploy.api, expected what answers')
  const { host, controller, tlsSecret = 'tls' } = ingress
  assertText('ingress.host', host, HOST, 'a name like shop.example.com')
  assertText('ingress.controller', controller, /^(?:traefik|istio)$/, 'traefik or istio')
  assertText('ingress.tlsSecret', tlsSecret, LABEL, `a name like ${LABEL}`)
}

function assertCanary({ canary, api }: Deployment): void {
  if (canary === undefined) return
  const { prometheusUrl, trafficPercent = 10 } = canary
  if (api === undefined)
    throw new TypeError('Cannot use operations: deploy.canary is given without deploy.api, expected requests to split')
  if (!URL.canParse(prometheusUrl))
    throw new TypeError(`Cannot use operations: deploy.canary.prometheusUrl is ${prometheusUrl}, expected a URL`)
  if (!(Number.isInteger(trafficPercent) && trafficPercent >= 5 && trafficPercent <= 10))
    throw new RangeError(
      `Cannot use operations: deploy.canary.trafficPercent is ${trafficPercent}, expected an integer from 5 to 10`,
    )
}

function assertText(what: string, value: string, pattern: RegExp, expected: string): void {
  if (typeof value !== 'string' || !pattern.test(value))
    throw new TypeError(`Cannot use operations: deploy.${what} is ${JSON.stringify(value)}, expected ${expected}`)
}
