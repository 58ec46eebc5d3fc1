/** Entry of the worker thread: builds its pages, serves, and goes when told to. */
import { parentPort, workerData } from 'node:worker_threads'
import { isOpsError } from '@ops/core'
import { pageError } from './errors.ts'
import { type Ask, createMainLink } from './main-link.ts'
import type { CreatePage, OpsResponse } from './page.ts'
import type { FromMain, FromWorker, WorkerPageStart, WorkerStart } from './protocol.ts'
import type { Route } from './router.ts'
import { startServer } from './server.ts'

const port = parentPort
if (port === null) throw new Error('Cannot run ops-worker: on the main thread, expected a worker thread')
const start = workerData as WorkerStart
const link = createMainLink(port)
const post = (message: FromWorker) => port.postMessage(message)

// One page's stray error must not take away the probes.
process.on('uncaughtException', () => {})

async function toRoute(page: WorkerPageStart, index: number, ask: Ask): Promise<Route> {
  const { paths, access, module, data } = page
  if (module === undefined) {
    const answer: Route['answer'] = async (request) =>
      (await ask('handle', index, request, start.mainTimeoutMs)) as OpsResponse
    return { paths, access, answer }
  }
  try {
    const { createPage } = (await import(module)) as { createPage: CreatePage }
    const main = { call: (message: unknown, timeoutMs: number) => ask('respond', index, message, timeoutMs) }
    return { paths, access, answer: await createPage(data, main) }
  } catch (error) {
    throw pageError(paths, error)
  }
}

async function run(): Promise<void> {
  const routes = await Promise.all(start.pages.map((page, index) => toRoute(page, index, link.ask)))
  const server = await startServer(start, routes)
  onClose = () => server.close().finally(() => process.exit(0))
  post({ kind: 'listening', port: server.port })
}

let onClose: () => unknown = () => process.exit(0)
port.on('message', (message: FromMain) => {
  if (message.kind === 'close') onClose()
  else link.receive(message)
})
run().catch((error: unknown) => {
  const known = isOpsError(error) ? error : pageError([], error)
  post({ kind: 'failed', code: known.code, message: known.message, details: known.details })
})
