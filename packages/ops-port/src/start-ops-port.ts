import { startInProcess } from './in-process.ts'
import { type OpsPortOptions, resolveOptions } from './options.ts'
import { startInThread } from './thread.ts'

/** A listening ops port. */
export interface OpsPort {
  /** The port it listens on: the one given, or the one found for 0. */
  readonly port: number
  /** Stops listening; running answers get 250 ms. Calling again does nothing. */
  close(): Promise<void>
}

/**
 * Starts the ops port: one HTTP server for metrics, probes and operator pages, in a worker thread of its own that
 * answers while the main thread is busy or wedged and never keeps the process alive.
 *
 * @throws TypeError or RangeError for options outside their range and for pages that share a path.
 * @throws OpsPortStartError `OPS_OPSPORT_PORT_IN_USE`, `OPS_OPSPORT_LISTEN_FAILED`, `OPS_OPSPORT_PAGE_FAILED`.
 * @example
 * const opsPort = await startOpsPort({ port: 9090, pages: [health.page(), metrics.page()] })
 */
export async function startOpsPort(options: OpsPortOptions): Promise<OpsPort> {
  const resolved = resolveOptions(options)
  const server = await (resolved.thread ? startInThread(resolved) : startInProcess(resolved))
  let closing: Promise<void> | undefined
  return { port: server.port, close: () => (closing ??= server.close()) }
}
