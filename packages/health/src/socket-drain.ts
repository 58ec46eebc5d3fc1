/** Drains sockets an application registers itself: WebSockets and whatever else can be told to go away. */
import type { Clock } from '@ops/core'

/** A WebSocket, or anything that closes like one. */
export interface ClosableSocket {
  close(code: number, reason: string): void
  once(event: 'close', listener: () => void): unknown
  /** Ends it without a goodbye. */
  terminate?(): void
}

/** The registered sockets. */
export interface SocketDrain {
  add(socket: ClosableSocket): void
  readonly open: number
  /** Closes all with 1001; those that have not gone after `goodbyeMs` are terminated. */
  drain(goodbyeMs: number): Promise<void>
}

/** RFC 6455: the endpoint is going away. */
const GOING_AWAY = 1001

/** Creates an empty set; `claimed` learns the TCP sockets below. */
export function createSocketDrain(clock: Clock, claimed: WeakSet<object>): SocketDrain {
  const sockets = new Set<ClosableSocket>()
  let draining = false
  let onEmpty: () => void = () => {}
  return {
    get open() {
      return sockets.size
    },
    add(socket) {
      sockets.add(socket)
      const { _socket: tcp } = socket as { readonly _socket?: object | null }
      if (tcp) claimed.add(tcp)
      socket.once('close', () => {
        sockets.delete(socket)
        if (sockets.size === 0) onEmpty()
      })
      if (draining) socket.close(GOING_AWAY, 'going away')
    },
    drain(goodbyeMs) {
      draining = true
      for (const socket of sockets) socket.close(GOING_AWAY, 'going away')
      return new Promise((resolve) => {
        const timer = clock.setTimeout(() => {
          for (const socket of sockets) socket.terminate?.()
          resolve()
        }, goodbyeMs)
        onEmpty = () => {
          timer.cancel()
          resolve()
        }
        if (sockets.size === 0) onEmpty()
      })
    },
  }
}
