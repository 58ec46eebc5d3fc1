/** The smoke suite: a few requests that change nothing, right after a rollout. */
import { metricsMetrics } from '@ops/metrics'
import type { SmokeRequest } from '../operations.ts'

/** What is asked, and where. */
export interface SmokeOptions {
  /** Base address of the service. */
  readonly url: string
  /** Base address of the ops port of a replica. @defaultValue its version is not looked at */
  readonly opsUrl?: string | undefined
  /** Version that must run; needs `opsUrl`. @defaultValue any */
  readonly version?: string | undefined
  readonly requests: readonly SmokeRequest[]
  /** For each answer, in milliseconds. @defaultValue 5_000 */
  readonly timeoutMs?: number
}

/** One request and how it went. */
export interface SmokeResult {
  readonly what: string
  readonly ok: boolean
  /** What came, in words. */
  readonly found: string
}

const PROBES: readonly SmokeRequest[] = [{ path: '/livez' }, { path: '/readyz' }]
const BUILD = new RegExp(`^${metricsMetrics.buildInfo.name}\\{([^}]*)\\} 1$`, 'gm')

/** Asks everything, one after the other; what fails does not keep the rest from being asked. */
export async function runSmoke({
  url,
  opsUrl,
  version,
  requests,
  timeoutMs = 5000,
}: SmokeOptions): Promise<readonly SmokeResult[]> {
  const results: SmokeResult[] = []
  for (const request of PROBES) results.push(await ask(url, request, timeoutMs))
  for (const request of requests) results.push(await ask(url, request, timeoutMs, 'x-trace-id'))
  if (opsUrl !== undefined) results.push(await askVersion(opsUrl, version, timeoutMs))
  return results
}

async function ask(
  base: string,
  { path, status = 200 }: SmokeRequest,
  timeoutMs: number,
  header?: string,
): Promise<SmokeResult> {
  const what = `GET ${path}`
  const answer = await answerOf(base, path, timeoutMs)
  if (typeof answer === 'string') return { what, ok: false, found: answer }
  if (answer.status !== status) return { what, ok: false, found: `${answer.status}, expected ${status}` }
  if (header !== undefined && !answer.headers.has(header))
    return { what, ok: false, found: `${answer.status} without ${header}: it did not pass the request path` }
  return { what, ok: true, found: String(answer.status) }
}

async function askVersion(base: string, version: string | undefined, timeoutMs: number): Promise<SmokeResult> {
  const what = 'GET /metrics'
  const answer = await answerOf(base, '/metrics', timeoutMs)
  if (typeof answer === 'string') return { what, ok: false, found: answer }
  const labels = [...answer.body.matchAll(BUILD)].map(([, text = '']) => text)
  const running = labels.map((text) => /version="([^"]*)"/.exec(text)?.[1] ?? '')
  if (running.length === 0)
    return { what, ok: false, found: `${answer.status} without ${metricsMetrics.buildInfo.name}` }
  const ok = version === undefined || running.every((one) => one === version)
  return { what, ok, found: `version ${running.join(', ')}${ok ? '' : `, expected ${version}`}` }
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** The answer, or in words why there is none. */
async function answerOf(base: string, path: string, timeoutMs: number): Promise<Answer | string> {
  try {
    const response = await fetch(`${base.replace(/\/+$/, '')}${path}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: response.status, headers: response.headers, body: await response.text() }
  } catch (error) {
    const { name, cause } = error as Error & { readonly cause?: NodeJS.ErrnoException }
    return name === 'TimeoutError' ? `no answer within ${timeoutMs} ms` : `no answer (${cause?.code ?? name})`
  }
}
