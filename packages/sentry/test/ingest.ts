import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'

/** An event as it came over the wire. */
export interface WireEvent {
  readonly level?: string
  readonly tags: Record<string, string>
  readonly extra?: Record<string, unknown>
  readonly exception: {
    readonly values: readonly { readonly type: string; readonly value?: string; readonly stacktrace?: unknown }[]
  }
}

/** A server on loopback that stands where Sentry's ingest stands, and speaks its protocol. */
export interface Ingest {
  readonly dsn: string
  readonly port: number
  /** Every event received. */
  readonly events: WireEvent[]
  /** Everything received, as text. */
  readonly wire: () => string
  /** How the next requests are answered; 200 until told otherwise, 'hang' never answers. */
  answer: { status: number; headers?: Record<string, string> } | 'hang'
  close(): Promise<void>
}

export async function startIngest(): Promise<Ingest> {
  let text = ''
  const events: WireEvent[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks)
      const envelope = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString()
      text += envelope
      if (ingest.answer === 'hang') return
      const [, header = '{}', payload = '{}'] = envelope.split('\n')
      if (ingest.answer.status === 200 && JSON.parse(header).type === 'event') events.push(JSON.parse(payload))
      response.writeHead(ingest.answer.status, ingest.answer.headers).end('{}')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  const ingest: Ingest = {
    dsn: `http://publickey@127.0.0.1:${port}/1`,
    port,
    events,
    wire: () => text,
    answer: { status: 200 },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return ingest
}
