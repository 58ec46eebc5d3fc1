/** Real servers and sockets for the drain tests: a lifecycle that neither exits nor takes signals, and raw clients. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net'
import { type LogRecording, recordLogs } from '@ops/testing'
import {
  createHealth,
  createLifecycle,
  type Health,
  type LifecycleOptions,
  type ProcessLifecycle,
} from '../src/index.ts'

/** A lifecycle under test. */
export interface UnderTest {
  readonly lifecycle: ProcessLifecycle
  readonly health: Health
  readonly logs: LogRecording
  /** Codes it would have exited with. */
  readonly exits: readonly number[]
}

/** Creates one. */
export function createTestLifecycle(options: LifecycleOptions = {}): UnderTest {
  const exits: number[] = []
  const logs = recordLogs()
  const health = createHealth()
  const lifecycle = createLifecycle({
    health,
    propagationDelayMs: 0,
    idleLingerMs: 100,
    deadlineMs: 10_000,
    signals: false,
    crashPolicy: false,
    logger: logs.logger,
    exit: (code) => void exits.push(code),
    ...options,
  })
  return { lifecycle, health, logs, exits }
}

/** Listens on a free port of the loopback. */
export async function listen(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A started lifecycle around one HTTP server. */
export async function serve(
  handler: RequestListener,
  options: LifecycleOptions = {},
): Promise<UnderTest & { readonly server: Server; readonly port: number }> {
  const server = createServer(handler)
  const under = createTestLifecycle(options)
  under.lifecycle.http(server)
  const port = await listen(server)
  await under.lifecycle.started()
  return { ...under, server, port }
}

/** A raw connection and all that came over it. */
export interface RawClient {
  readonly socket: Socket
  readonly text: () => string
  readonly bytes: () => Buffer
  /** Resolves when the other side has closed. */
  readonly closed: Promise<unknown>
}

/** Connects and collects. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await once(socket, 'connect')
  return { socket, bytes: () => Buffer.concat(chunks), text: () => Buffer.concat(chunks).toString(), closed }
}

/** A promise and its resolve. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}
