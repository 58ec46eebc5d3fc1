/** What a running service says about its settings on its ops port; secrets are masked there already. */
import type { ConfigStatus, Explanation } from '@ops/config'
import { EnvironmentUnreadableError } from '../errors.ts'

/** The answer of `/ops/config`. */
export interface RunningConfig extends ConfigStatus {
  readonly settings: readonly Explanation[]
}

const ANSWER_MS = 5_000

/** Asks the ops port. @throws EnvironmentUnreadableError saying what to do about it. */
export async function fetchRunning(address: string, token: string | undefined): Promise<RunningConfig> {
  const page = new URL('/ops/config', address)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(page, { headers, signal: AbortSignal.timeout(ANSWER_MS) }).catch((error: unknown) => {
    throw new EnvironmentUnreadableError(address, `it does not answer (${reasonOf(error)})`, error)
  })
  if (!response.ok) throw new EnvironmentUnreadableError(address, refusal(response.status))
  const body: unknown = await response.json().catch(() => undefined)
  if (isRunningConfig(body)) return body
  throw new EnvironmentUnreadableError(address, 'what answers at /ops/config is no service of @ops')
}

function refusal(status: number): string {
  if (status === 401 || status === 403)
    return `it answers ${status} to strangers: set OPS_TOKEN, or ask on its own machine (kubectl port-forward does)`
  return `it answers ${status}${status === 404 ? ': is this its ops port?' : ''}`
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: string } }
  return name === 'TimeoutError' ? `nothing within ${ANSWER_MS / 1000} s` : (cause?.code ?? String(error))
}

function isRunningConfig(body: unknown): body is RunningConfig {
  const { settings, hash, lastReload, pendingRestart } = (body ?? {}) as Partial<RunningConfig>
  return (
    typeof hash === 'string' &&
    typeof lastReload?.result === 'string' &&
    Array.isArray(pendingRestart) &&
    Array.isArray(settings) &&
    settings.every(({ key, layer }) => typeof key === 'string' && typeof layer === 'string')
  )
}
