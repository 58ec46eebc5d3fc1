/** Runs the server in a worker thread, so that it answers while the main thread does not. */
import { once } from 'node:events'
import { MessagePort, Worker } from 'node:worker_threads'
import { systemClock } from '@ops/core'
import { OpsPortStartError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'
import type { OpsPage, OpsRequest } from './page.ts'
import type { FromWorker, Reply, WorkerStart } from './protocol.ts'
import type { OpsServer } from './server.ts'

/** Longer than the server's own grace: past it the thread is stopped. */
const CLOSE_LIMIT_MS = 1000

/** Starts the thread and waits until it listens. @throws OpsPortStartError. */
export async function startInThread(options: ResolvedOptions): Promise<OpsServer> {
  const worker = startWorker(options)
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'handle' || message.kind === 'respond') void answer(worker, options.pages, message)
  })
  const port = await listening(worker)
  worker.on('error', () => {})
  worker.unref()
  return { port, close: () => closeWorker(worker) }
}

function startWorker(options: ResolvedOptions): Worker {
  const { port, host, token, mainTimeoutMs, pages } = options
  const start: WorkerStart = {
    port,
    host,
    token,
    mainTimeoutMs,
    pages: pages.map(({ paths, access, worker }) => ({
      paths,
      access,
      module: worker?.module.href,
      data: worker?.data,
    })),
  }
  const entry = new URL(import.meta.url.endsWith('.ts') ? './ops-worker.ts' : './ops-worker.js', import.meta.url)
  return new Worker(entry, {
    name: 'ops-port',
    workerData: start,
    transferList: pages.flatMap((page) => messagePorts(page.worker?.data)),
    execArgv: conditions(process.execArgv),
    // Without NODE_OPTIONS the application's preloads stay out of the thread.
    env: {},
  })
}

/** Export conditions decide which file a module is; other flags are the application's own. */
function conditions(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    if (arg.startsWith('--conditions=')) return [arg]
    return arg === '--conditions' || arg === '-C' ? [`--conditions=${args[i + 1]}`] : []
  })
}

/** The ports anywhere in plain data: they cannot be cloned, only moved. */
function messagePorts(data: unknown, seen = new Set<unknown>()): MessagePort[] {
  if (typeof data !== 'object' || data === null || seen.has(data) || ArrayBuffer.isView(data)) return []
  seen.add(data)
  if (data instanceof MessagePort) return [data]
  return Object.values(data).flatMap((value) => messagePorts(value, seen))
}

function listening(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') resolve(message.port)
      if (message.kind !== 'failed') return
      void worker.terminate()
      reject(new OpsPortStartError(message.message, { code: message.code, details: { ...message.details } }))
    })
    worker.once('error', reject)
    worker.once('exit', () => reject(startFailed()))
  })
}

const startFailed = () =>
  new OpsPortStartError('Cannot start ops port: its thread ended, expected it to listen', {
    code: 'OPS_OPSPORT_LISTEN_FAILED',
  })

async function answer(
  worker: Worker,
  pages: readonly OpsPage[],
  question: FromWorker & { readonly kind: 'handle' | 'respond' },
): Promise<void> {
  const { id, kind, payload } = question
  const page = pages[question.page]
  const send = (reply: Reply) => worker.postMessage(reply)
  try {
    const value = await (kind === 'handle' ? page?.handle?.(payload as OpsRequest) : page?.respond?.(payload))
    send({ kind: 'reply', id, ok: true, value })
  } catch (error) {
    send({ kind: 'reply', id, ok: false, message: error instanceof Error ? error.message : String(error) })
  }
}

async function closeWorker(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return
  worker.ref()
  const exited = once(worker, 'exit')
  worker.postMessage({ kind: 'close' })
  const timer = systemClock.setTimeout(() => void worker.terminate(), CLOSE_LIMIT_MS, { keepAlive: true })
  await exited
  timer.cancel()
}
