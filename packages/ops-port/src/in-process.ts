/** Serves on the main thread: for development and tests. */
import { systemClock } from '@ops/core'
import { pageError } from './errors.ts'
import { failedError, timeoutError } from './main-link.ts'
import type { ResolvedOptions } from './options.ts'
import type { CreatePage, MainThread, OpsPage } from './page.ts'
import type { Route } from './router.ts'
import { type OpsServer, startServer } from './server.ts'

/** Starts the server in this thread. @throws OpsPortStartError. */
export async function startInProcess(options: ResolvedOptions): Promise<OpsServer> {
  return startServer(options, await Promise.all(options.pages.map((page) => toRoute(page, options.mainTimeoutMs))))
}

async function toRoute(page: OpsPage, mainTimeoutMs: number): Promise<Route> {
  const { paths, access, handle, worker } = page
  if (handle !== undefined) {
    return { paths, access, answer: (request) => within(async () => handle(request), mainTimeoutMs) }
  }
  const main: MainThread = {
    call: (message, timeoutMs) => within(async () => page.respond?.(message), timeoutMs).catch(asFailed),
  }
  try {
    const { createPage } = (await import(worker?.module.href ?? '')) as { createPage: CreatePage }
    return { paths, access, answer: await createPage(worker?.data, main) }
  } catch (error) {
    throw pageError(paths, error)
  }
}

function asFailed(error: unknown): never {
  throw (error as { code?: unknown }).code === 'OPS_OPSPORT_MAIN_TIMEOUT' ? error : failedError(String(error))
}

function within<T>(run: () => Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.setTimeout(() => reject(timeoutError(timeoutMs)), timeoutMs)
    run()
      .then(resolve, reject)
      .finally(() => timer.cancel())
  })
}
