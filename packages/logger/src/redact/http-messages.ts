/** Node's and the frameworks' request and response objects lead to sockets, agents and parsers: a few of their members say it all. */

const REQUESTS = new Set(['IncomingMessage', 'Http2ServerRequest', 'ClientRequest', 'Request'])
const RESPONSES = new Set(['ServerResponse', 'Http2ServerResponse', 'Response', 'Reply'])
const OPAQUE = new Set([
  'Socket',
  'TLSSocket',
  'Server',
  'Agent',
  'HTTPParser',
  'AbortSignal',
  'AbortController',
  'Worker',
  'ChildProcess',
])

interface Message {
  readonly method?: unknown
  readonly originalUrl?: unknown
  readonly url?: unknown
  readonly path?: unknown
  readonly headers?: unknown
  readonly statusCode?: unknown
  readonly status?: unknown
}

/** A plain object with what matters of a message; undefined for other objects. */
export function reduceMessage(value: object): Readonly<Record<string, unknown>> | undefined {
  const kind = (value.constructor as { readonly name?: unknown } | undefined)?.name
  if (typeof kind !== 'string') return undefined
  const message = value as Message
  const name = kind.replace(/^_+/, '')
  if (REQUESTS.has(name)) {
    return { method: message.method, url: message.originalUrl ?? message.url ?? message.path, headers: message.headers }
  }
  if (RESPONSES.has(name)) return { status: message.statusCode ?? message.status, headers: message.headers }
  return OPAQUE.has(name) ? { object: name } : undefined
}
