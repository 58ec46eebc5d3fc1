/** The HTTP server of the ops port: bounded in sockets, headers, bodies and requests at a time. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@ops/core'
import { createAccess } from './access.ts'
import { listenError } from './errors.ts'
import type { OpsRequest, OpsResponse } from './page.ts'
import { createRouter, type Route, textResponse } from './router.ts'

const MAX_BODY_BYTES = 65_536
const MAX_REQUESTS = 256
const MAX_SOCKETS = 2048
/** How long `close` lets running answers finish. */
const CLOSE_GRACE_MS = 250

/** Where and for whom to serve. */
export interface ServerOptions {
  readonly port: number
  readonly host: string
  readonly token: string | undefined
}

/** A listening ops server. */
export interface OpsServer {
  readonly port: number
  /** Stops listening, gives running answers 250 ms, then closes every socket. */
  close(): Promise<void>
}

/** Starts the server. @throws OpsPortStartError when it cannot listen. */
export async function startServer(options: ServerOptions, routes: readonly Route[]): Promise<OpsServer> {
  const server = createServer(
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 65_000, noDelay: true },
    createListener(options, routes),
  )
  server.maxConnections = MAX_SOCKETS
  server.on('clientError', (_error, socket) => socket.destroy())
  server.listen(options.port, options.host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw listenError(`${options.host}:${options.port}`, error as Error)
  }
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) }
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const timer = systemClock.setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS, { keepAlive: true })
  await closed
  timer.cancel()
}

function createListener(options: ServerOptions, routes: readonly Route[]) {
  const route = createRouter(routes, options.token !== undefined)
  const isAuthorized = createAccess(options.token)
  let running = 0
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (running >= MAX_REQUESTS) return send(req, res, textResponse(503, 'Busy.', { 'retry-after': '1' }))
    running++
    try {
      const body = await readBody(req)
      if (body === undefined) send(req, res, textResponse(413, 'Body too large, expected at most 64 KiB.'))
      else send(req, res, await route(toOpsRequest(req, body, isAuthorized(req))))
    } catch {
      res.destroy()
    } finally {
      running--
    }
  }
}

/** Undefined when there is more than allowed. */
async function readBody(req: IncomingMessage): Promise<string | undefined> {
  if (req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined) return ''
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function toOpsRequest(req: IncomingMessage, body: string, authorized: boolean): OpsRequest {
  const url = req.url ?? '/'
  const mark = url.indexOf('?')
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(req.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return {
    method: req.method === 'HEAD' ? 'GET' : (req.method ?? 'GET'),
    path: mark === -1 ? url : url.slice(0, mark),
    query: mark === -1 ? '' : url.slice(mark + 1),
    headers,
    body,
    remoteAddress: req.socket.remoteAddress ?? '',
    authorized,
  }
}

function send(req: IncomingMessage, res: ServerResponse, response: OpsResponse): void {
  const body = typeof response.body === 'string' ? Buffer.from(response.body) : response.body
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...response.headers,
    'content-length': body.byteLength,
    // An unread body would be taken for the next request.
    ...(req.complete ? {} : { connection: 'close' }),
  }
  res.writeHead(response.status, headers).end(req.method === 'HEAD' ? undefined : body)
}
