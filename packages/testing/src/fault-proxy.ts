/** A TCP proxy on loopback that breaks connections on command: what a network does, without a network. */

import { once } from 'node:events'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'

/** Where a {@link FaultProxy} forwards to. */
export interface FaultProxyOptions {
  /** Host of the target. @defaultValue '127.0.0.1' */
  readonly host?: string
  /** TCP port, 1 to 65535. */
  readonly port: number
}

/** A proxy for one target, with faults. */
export interface FaultProxy {
  /** Where clients connect, on 127.0.0.1; stays the same after {@link FaultProxy.refuse}. */
  readonly port: number
  /** Client connections open now. */
  readonly connections: number
  /** Client connections taken since the start, failed ones too. */
  readonly accepted: number
  /** Resets every open connection, both ways. New ones are taken. */
  cut(): void
  /** Stops forwarding both ways; connections stay open, new ones are taken and hang. */
  freeze(): void
  /** Forwards again, what was held first. */
  thaw(): void
  /** Holds every chunk back for `ms` each way, order kept; 0 ends it. */
  delayMs(ms: number): void
  /** Resets the next `count` connections as soon as they arrive. */
  failNext(count: number): void
  /** Refuses new connections (ECONNREFUSED) until {@link FaultProxy.accept}; open ones go on. */
  refuse(): Promise<void>
  /** Takes connections again, on the same port. */
  accept(): Promise<void>
  /** Ends everything. */
  close(): Promise<void>
}

// Taken at import, so that a runner's fake timers cannot stop it.
const { setTimeout: realTimeout } = globalThis

class TcpFaultProxy implements FaultProxy {
  readonly #target: { readonly host: string; readonly port: number }
  readonly #pairs = new Map<Socket, Socket>()
  /** All that are open. */
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0
  #accepted = 0
  #failures = 0
  #delayMs = 0
  #frozen: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(options: FaultProxyOptions) {
    this.#target = { host: options.host ?? '127.0.0.1', port: options.port }
  }

  get port(): number {
    return this.#port
  }
  get connections(): number {
    return this.#pairs.size
  }
  get accepted(): number {
    return this.#accepted
  }

  cut(): void {
    for (const [client, upstream] of this.#pairs) {
      reset(client)
      reset(upstream)
    }
    this.#pairs.clear()
  }

  freeze(): void {
    this.#frozen ??= withResolvers()
  }
  thaw(): void {
    this.#frozen?.resolve()
    this.#frozen = undefined
  }
  delayMs(ms: number): void {
    this.#delayMs = ms
  }
  failNext(count: number): void {
    this.#failures = count
  }

  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    // Its 'close' event waits for open connections, which go on; listening has ended when close() returns.
    server?.close()
  }

  async accept(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer({ allowHalfOpen: true }, (client) => this.#take(client))
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
    this.#port = (server.address() as { port: number }).port
  }

  async close(): Promise<void> {
    const server = this.#server
    await this.refuse()
    for (const socket of this.#sockets) socket.destroy()
    this.thaw()
    if (server?.listening) await once(server, 'close')
  }

  #take(client: Socket): void {
    this.#accepted++
    this.#track(client)
    client.on('error', () => {})
    if (this.#failures > 0) {
      this.#failures--
      reset(client)
      return
    }
    const upstream = dial({ ...this.#target, allowHalfOpen: true })
    this.#track(upstream)
    this.#pairs.set(client, upstream)
    client.once('close', () => this.#pairs.delete(client))
    // A target that is away resets its client, as a dying host does.
    upstream.on('error', () => reset(client))
    client.once('close', () => upstream.destroy())
    void this.#forward(client, upstream)
    void this.#forward(upstream, client)
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  async #forward(from: Socket, to: Socket): Promise<void> {
    try {
      // Kept open when its reading half ends: the other half may still be written to.
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        // Not a reason to stay alive: the sockets are.
        if (this.#delayMs > 0) await new Promise((resolve) => realTimeout(resolve, this.#delayMs).unref())
        while (this.#frozen !== undefined) await this.#frozen.promise
        if (!to.destroyed && !to.write(chunk)) await drained(to)
      }
      while (this.#frozen !== undefined) await this.#frozen.promise
      to.end()
    } catch {
      // A reset on this side: the other one must see it too.
      to.destroy()
    }
  }
}

/**
 * Resets at once, whatever is still to be sent. `resetAndDestroy` sends it first and then shuts down; when the peer's own reset
 * arrives meanwhile, libuv refuses (it resets no socket that is shutting down) and Node 24 never closes the handle.
 */
function reset(socket: Socket): void {
  const isShuttingDown = socket.writableEnded && !socket.writableFinished
  if (!isShuttingDown) Object.assign(socket, { resetAndClosing: true })
  socket.destroy()
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.once('drain', done).once('close', done)
  })
}

/**
 * Starts a proxy on a free port of 127.0.0.1 that forwards to `host:port`.
 *
 * @throws RangeError when `port` is not 1 to 65535.
 */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  if (!Number.isInteger(options.port) || options.port < 1 || options.port > 65_535) {
    throw new RangeError(`Cannot create a fault proxy to port ${options.port}: expected 1 to 65535`)
  }
  const proxy = new TcpFaultProxy(options)
  await proxy.accept()
  return proxy
}
