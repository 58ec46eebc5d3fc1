/** Drains one HTTP server: tracks its sockets from the start, its requests only once draining begins. */
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import type { Clock, Timer } from '@ops/core'
import { closeAfter } from './connection-close.ts'
import type { HttpServer } from './http-server.ts'
import { isEventStream, isUpgraded, responseOf, underlying } from './http-sockets.ts'
import { trackHttp2 } from './http2-drain.ts'
import { sayGoodbye } from './websocket-goodbye.ts'

/** A server as the lifecycle sees it. */
export interface HttpDrain {
  /** Requests in flight; counted when asked. */
  readonly inFlight: number
  /** Sockets open. */
  readonly connections: number
  /** Requests that were in flight when the drain began or came in since. */
  readonly requests: number
  /** Stops listening and resolves once every socket has gone by itself. */
  drain(): Promise<void>
  /** Destroys what is left. Returns how many requests that cut off. */
  cut(): number
}

/** Options of {@link trackHttpServer}. */
export interface HttpDrainOptions {
  readonly clock: Clock
  /** How long a socket without a request is left open for the one that may be under way. */
  readonly idleLingerMs: number
  /** How long the other side of an upgraded socket may take to say goodbye. */
  readonly goodbyeMs: number
  /** Sockets that someone else closes politely. */
  readonly claimed: WeakSet<object>
}

const SWEEP_MS = 25

/** What is known of a socket since the drain began. */
interface SocketState {
  bytesRead: number
  lastActiveMs: number
  saidGoodbye: boolean
}

/** Begins to track the server's sockets. Costs a Set entry a connection and nothing a request. */
export function trackHttpServer(server: HttpServer, options: HttpDrainOptions): HttpDrain {
  return new TrackedServer(server, options)
}

class TrackedServer implements HttpDrain {
  requests = 0
  readonly #server: HttpServer
  readonly #options: HttpDrainOptions
  readonly #sockets = new Map<Socket, SocketState>()
  readonly #websockets = new WeakSet<Socket>()
  readonly #http2
  #draining = false
  #sweep: Timer | undefined
  #onEmpty: () => void = () => {}

  constructor(server: HttpServer, options: HttpDrainOptions) {
    this.#server = server
    this.#options = options
    this.#http2 = trackHttp2(server)
    server.prependListener('connection', (socket: Socket) => this.#add(socket))
    server.prependListener('secureConnection', (socket: Socket) => {
      const raw = underlying(socket)
      if (raw !== undefined) this.#sockets.delete(raw)
      this.#add(socket)
    })
    this.#watchUpgrades()
  }

  get inFlight(): number {
    let count = this.#http2.streams
    for (const socket of this.#sockets.keys()) if (isBusy(socket)) count++
    return count
  }

  get connections(): number {
    return this.#sockets.size
  }

  drain(): Promise<void> {
    this.#draining = true
    this.requests = this.inFlight
    const { clock } = this.#options
    const now = clock.monotonic()
    for (const [socket, state] of this.#sockets) this.#beginSocket(socket, state, now)
    const onRequest = (_req: unknown, res: object) => this.#onRequest(res)
    this.#server.prependListener('request', onRequest)
    if (this.#server.listenerCount('checkContinue') > 0) this.#server.prependListener('checkContinue', onRequest)
    this.#stopListening()
    return new Promise((resolve) => {
      this.#onEmpty = resolve
      this.#sweep = clock.setInterval(() => this.#sweepSockets(), SWEEP_MS, { keepAlive: true })
      this.#endWhenEmpty()
    })
  }

  cut(): number {
    const cut = this.inFlight
    for (const socket of this.#sockets.keys()) socket.destroy()
    return cut
  }

  /** Not the server's own `close`: that one closes idle sockets at once, under requests that are on their way. */
  #stopListening(): void {
    if (this.#server.listening) NetServer.prototype.close.call(this.#server)
  }

  #add(socket: Socket): void {
    const state: SocketState = { bytesRead: 0, lastActiveMs: 0, saidGoodbye: false }
    this.#sockets.set(socket, state)
    if (this.#draining) this.#beginSocket(socket, state, this.#options.clock.monotonic())
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#endWhenEmpty()
    })
  }

  #beginSocket(socket: Socket, state: SocketState, now: number): void {
    state.bytesRead = socket.bytesRead
    state.lastActiveMs = now
    const response = responseOf(socket)
    if (response !== undefined) closeAfter(response)
  }

  /** Every response from now on tells its client to connect anew, elsewhere. */
  #onRequest(res: object): void {
    this.requests++
    if (res instanceof ServerResponse) closeAfter(res)
  }

  #sweepSockets(): void {
    const now = this.#options.clock.monotonic()
    for (const [socket, state] of this.#sockets) {
      if (this.#http2.owns(socket)) continue
      if (isUpgraded(socket)) this.#sweepUpgraded(socket, state, now)
      else this.#sweepHttp(socket, state, now)
    }
    this.#http2.sweep(now, this.#options.idleLingerMs)
  }

  #sweepHttp(socket: Socket, state: SocketState, now: number): void {
    const response = responseOf(socket)
    if (response !== undefined || socket.bytesRead !== state.bytesRead) {
      state.bytesRead = socket.bytesRead
      state.lastActiveMs = now
      if (response !== undefined) endEventStream(response)
    } else if (now - state.lastActiveMs >= this.#options.idleLingerMs) {
      socket.destroySoon()
    }
  }

  #sweepUpgraded(socket: Socket, state: SocketState, now: number): void {
    if (!this.#websockets.has(socket) || this.#options.claimed.has(socket)) return
    if (!state.saidGoodbye) {
      state.saidGoodbye = true
      state.lastActiveMs = now
      sayGoodbye(socket)
    } else if (now - state.lastActiveMs >= this.#options.goodbyeMs) {
      socket.destroy()
    }
  }

  #endWhenEmpty(): void {
    if (!this.#draining || this.#sockets.size > 0) return
    this.#sweep?.cancel()
    this.#onEmpty()
  }

  /** An own 'upgrade' listener would keep Node from answering upgrades nobody handles: ours comes after another's. */
  #watchUpgrades(): void {
    const onUpgrade = (req: IncomingMessage, socket: Socket) => {
      if (req.headers.upgrade?.toLowerCase() === 'websocket') this.#websockets.add(socket)
    }
    const emitter = this.#server as Server
    if (emitter.listenerCount('upgrade') > 0) emitter.prependListener('upgrade', onUpgrade)
    else {
      const onNewListener = (event: string | symbol) => {
        if (event !== 'upgrade') return
        emitter.off('newListener', onNewListener)
        emitter.on('upgrade', onUpgrade)
      }
      emitter.on('newListener', onNewListener)
    }
  }
}

function isBusy(socket: Socket): boolean {
  return responseOf(socket) !== undefined || isUpgraded(socket)
}

/** Its client reconnects, to another replica. A writer that goes on must not crash the process. */
function endEventStream(response: ServerResponse): void {
  if (response.writableEnded || !isEventStream(response)) return
  response.on('error', () => {})
  response.end()
}
