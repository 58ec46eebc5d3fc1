/** What can be told of an HTTP/1.1 server's socket without a listener on every request. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Node keeps the running response and the parser on the socket; both are as old as its http module. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: (ServerResponse & { readonly _header?: string | null }) | null
  readonly parser?: object | null
  readonly _parent?: Socket | null
}

/** The response in progress, undefined for an idle socket. */
export function responseOf(socket: Socket): ServerResponse | undefined {
  return (socket as HttpSocket)._httpMessage ?? undefined
}

/** True once the socket speaks another protocol: its HTTP parser has gone. */
export function isUpgraded(socket: Socket): boolean {
  return (socket as HttpSocket).parser === null
}

/** The TCP socket under a TLS one. */
export function underlying(socket: Socket): Socket | undefined {
  return (socket as HttpSocket)._parent ?? undefined
}

/** True for a response that never ends by itself. */
export function isEventStream(response: ServerResponse): boolean {
  const { _header: header } = response as { readonly _header?: string | null }
  return response.headersSent && /^content-type: *text\/event-stream/im.test(header ?? '')
}
