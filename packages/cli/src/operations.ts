/** Operations: what a service's operators decide and its code does not know; plain data, exported beside the service. */

import { assertDeployment, type Deployment } from './deploy/deployment.ts'

/** Fewest transactions a minute that are normal. */
export interface TransactionBound {
  /** Lower-case name with dashes, part of the alert's name. */
  readonly name: string
  /** A counter of the service's own metrics. */
  readonly metric: string
  /** Alerts when fewer happen a minute, above 0. */
  readonly minPerMinute: number
}

/** Bounds of calls to language models, as `llmMetrics` of @ops/metrics records them. */
export interface LlmBounds {
  /** 95th percentile of request durations, in milliseconds; a bucket edge. */
  readonly p95Ms?: number
  /** 95th percentile of tokens a request; a bucket edge. */
  readonly p95Tokens?: number
  /** Share of failing tool calls, 0 to 1. */
  readonly toolFailureRatio?: number
  /** Share of retrievals that find nothing, 0 to 1. */
  readonly emptyRetrievalRatio?: number
}

/** A request that must work after every rollout. */
export interface SmokeRequest {
  /** Path with its query, from `/`; it is asked for with GET. */
  readonly path: string
  /** Status it must have. @defaultValue 200 */
  readonly status?: number
}

/**
 * Exported as `operations` by the module of the service.
 *
 * @example
 * export const operations: Operations = { runbookBaseUrl: 'https://wiki.example.com/orders', queueDepth: 500 }
 */
export interface Operations {
  /** Where the runbook folder is published, without a slash at the end. @defaultValue `runbooks`, relative to the output */
  readonly runbookBaseUrl?: string
  /** Address of Grafana, without a slash at the end: links to dashboards begin with it. @defaultValue none: links are paths */
  readonly grafanaUrl?: string
  /** Waiting jobs above which people are told after 10 min, beside the standard's 10,000; an integer from 1. @defaultValue none */
  readonly queueDepth?: number
  /** Counters with the fewest a minute that are normal. @defaultValue none */
  readonly transactions?: readonly TransactionBound[]
  /** Bounds of calls to language models: `p95Ms`, `p95Tokens` (bucket edges), `toolFailureRatio`, `emptyRetrievalRatio`. @defaultValue none */
  readonly llm?: LlmBounds
  /** Requests of the smoke suite, besides probes: they change nothing. @defaultValue none */
  readonly smoke?: readonly SmokeRequest[]
  /** How it is deployed: images, workloads, canary. @defaultValue none: no files for a deployment are made */
  readonly deploy?: Deployment
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/

/** @throws TypeError or RangeError that names the bound, what was given and what is allowed. */
export function assertOperations(operations: Operations): void {
  const { queueDepth = 1, transactions = [], llm = {}, smoke = [], deploy } = operations
  assertAddresses(operations)
  if (deploy !== undefined) assertDeployment(deploy)
  for (const request of smoke) assertSmoke(request)
  if (!Number.isInteger(queueDepth) || queueDepth < 1)
    throw new RangeError(`Cannot use operations: queueDepth is ${queueDepth}, expected an integer from 1`)
  for (const { name, minPerMinute } of transactions) {
    if (!NAME.test(name))
      throw new TypeError(
        `Cannot use operations: transactions are named ${JSON.stringify(name)}, expected a name like ${NAME}`,
      )
    if (!(minPerMinute > 0 && Number.isFinite(minPerMinute)))
      throw new RangeError(`Cannot use operations: minPerMinute of ${name} is ${minPerMinute}, expected above 0`)
  }
  for (const [name, bound] of Object.entries(llm)) {
    const isShare = name.endsWith('Ratio')
    if (!(bound > 0 && Number.isFinite(bound) && (!isShare || bound < 1)))
      throw new RangeError(
        `Cannot use operations: llm.${name} is ${bound}, expected above 0${isShare ? ' and below 1' : ''}`,
      )
  }
}

function assertAddresses({ runbookBaseUrl = 'runbooks', grafanaUrl = '' }: Operations): void {
  if (runbookBaseUrl === '' || runbookBaseUrl.endsWith('/') || /[\s#]/.test(runbookBaseUrl)) {
    throw new TypeError(
      `Cannot use operations: runbookBaseUrl is ${JSON.stringify(runbookBaseUrl)}, expected a URL or path without a slash at the end`,
    )
  }
  if (grafanaUrl.endsWith('/') || /[\s#]/.test(grafanaUrl))
    throw new TypeError(
      `Cannot use operations: grafanaUrl is ${JSON.stringify(grafanaUrl)}, expected a URL without a slash at the end`,
    )
}

function assertSmoke({ path, status = 200 }: SmokeRequest): void {
  if (!/^\/\S*$/.test(path))
    throw new TypeError(`Cannot use operations: smoke asks for ${JSON.stringify(path)}, expected a path from /`)
  if (!(Number.isInteger(status) && status >= 200 && status < 600))
    throw new RangeError(`Cannot use operations: smoke expects status ${status} of ${path}, expected 200 to 599`)
}
