/** Tells Prometheus how a deployment ended, by a Pushgateway, for the alert on two failures in a row. */
import { OpsError } from '@ops/core'
import { deliveryMetrics } from '../metrics.ts'

/** A deployment that is over. */
export interface DeploymentReport {
  /** Base address of the Pushgateway. */
  readonly pushgateway: string
  /** Name of the service: the job that the series is kept under. */
  readonly service: string
  readonly succeeded: boolean
  /** For each answer, in milliseconds. @defaultValue 5_000 */
  readonly timeoutMs?: number
}

const { name: METRIC, help: HELP } = deliveryMetrics.consecutiveFailures

/**
 * Counts failures since the last success: reads the count, adds one or starts anew. Two pipelines of one service at the
 * same time may count one failure only.
 *
 * @returns the count it left.
 * @throws OpsError (`OPS_CLI_PUSHGATEWAY`) when the Pushgateway does not take it.
 */
export async function reportDeployment(report: DeploymentReport): Promise<number> {
  const { service, succeeded } = report
  const failures = succeeded ? 0 : (await countOf(report)) + 1
  const body = `# HELP ${METRIC} ${HELP}\n# TYPE ${METRIC} gauge\n${METRIC} ${failures}\n`
  await askGateway(report, `/metrics/job/${encodeURIComponent(service)}`, { method: 'PUT', body })
  return failures
}

async function countOf(report: DeploymentReport): Promise<number> {
  const text = await askGateway(report, '/metrics', {})
  const job = `job="${report.service}"`
  const line = text.split('\n').find((each) => each.startsWith(`${METRIC}{`) && each.includes(job))
  return Number(line?.slice(line.lastIndexOf(' ')) ?? 0)
}

async function askGateway(
  { pushgateway, timeoutMs = 5000 }: DeploymentReport,
  path: string,
  init: RequestInit,
): Promise<string> {
  const address = `${pushgateway.replace(/\/+$/, '')}${path}`
  try {
    const response = await fetch(address, { ...init, signal: AbortSignal.timeout(timeoutMs) })
    const text = await response.text()
    if (response.ok) return text
    throw refused(address, `it answered ${response.status} (${text.trim().slice(0, 200)})`)
  } catch (error) {
    if (error instanceof OpsError) throw error
    throw refused(address, 'it does not answer', error)
  }
}

function refused(address: string, state: string, cause?: unknown): OpsError {
  const { origin, pathname } = new URL(address)
  return new OpsError(`Cannot report the deployment to ${origin}${pathname}: ${state}, expected a Pushgateway`, {
    code: 'OPS_CLI_PUSHGATEWAY',
    cause,
  })
}
