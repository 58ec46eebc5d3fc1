/** `fetch` with a client certificate: by `node:https`, since Node's own `fetch` takes none without its library installed. */
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'

/** Who the client is, and whom it trusts. PEM texts. */
export interface TlsIdentity {
  /** The certificate, with the chain up to the authority that the server trusts. */
  readonly cert: string
  /** Its private key. */
  readonly key: string
  /** Of an encrypted key. @defaultValue none */
  readonly passphrase?: string
  /** The authorities whose servers are believed. @defaultValue those Node trusts */
  readonly ca?: string | readonly string[]
  /** Name the server's certificate must have. @defaultValue the host of the URL */
  readonly servername?: string
}

/** Statuses whose responses have no body, and may be given none. */
const EMPTY = new Set([204, 205, 304])

/** Creates it. Connections are kept for the next request of the same identity; another identity makes its own. */
export function createTlsFetch(tls: TlsIdentity | (() => TlsIdentity)): typeof fetch {
  const agent = new Agent({ keepAlive: true, minVersion: 'TLSv1.3' })
  const identity = typeof tls === 'function' ? tls : () => tls
  return async (input, init) => {
    // The platform's own rules for bodies and their content type.
    const request = new Request(input as string | URL, { ...init, signal: null, duplex: 'half' } as RequestInit)
    const incoming = await exchange(request, { agent, ...identity() }, init?.signal ?? undefined)
    const status = incoming.statusCode as number
    if (EMPTY.has(status)) incoming.resume()
    return new Response(EMPTY.has(status) ? null : (Readable.toWeb(incoming) as unknown as ReadableStream), {
      status,
      statusText: incoming.statusMessage ?? '',
      headers: headersOf(incoming),
    })
  }
}

/** Sends the request; an abort ends it at any time with the signal's reason, the body included. */
function exchange(
  request: Request,
  options: { readonly agent: Agent } & TlsIdentity,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const { ca, ...rest } = options
    const outgoing = httpsRequest(request.url, {
      ...rest,
      ...(ca === undefined ? {} : { ca: [ca].flat() }),
      method: request.method,
      headers: Object.fromEntries(request.headers),
    })
    let incoming: IncomingMessage | undefined
    const onAbort = () => {
      incoming?.destroy(signal?.reason)
      outgoing.destroy(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    outgoing.once('close', () => signal?.removeEventListener('abort', onAbort))
    outgoing.once('response', (response) => resolve((incoming = response)))
    outgoing.on('error', (error) => reject(signal?.aborted ? signal.reason : error))
    if (request.body === null) outgoing.end()
    else
      Readable.fromWeb(request.body as WebStream)
        .on('error', reject)
        .pipe(outgoing)
  })
}

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers()
  const { rawHeaders } = incoming
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string)
  return headers
}
