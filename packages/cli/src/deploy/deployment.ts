/** What a deployment needs to know beyond the service: images, workloads, environment, canary. */

/** A process of the service. */
export interface Workload {
  /** Module that starts it, as built, relative to the image's folder: `dist/main.js`. */
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
  /** @defaultValue none: the rollout replaces one replica after another */
  readonly canary?: Canary
}

const PINNED = /^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}$/
const REPOSITORY = /^[a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9][a-z0-9._-]*)*$/
const ENTRY = /^[A-Za-z0-9_][A-Za-z0-9_./-]*\.m?js$/
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
    assertText(`${kind}.entry`, entry, ENTRY, 'a built module, like dist/main.js')
  }
  assertCanary(deploy)
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
