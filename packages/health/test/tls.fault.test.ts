/** The drain of servers behind TLS: pre-shared keys stand in for certificates. */
import { once } from 'node:events'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { type ConnectionOptions, connect as connectTls, type TLSSocket, type TlsOptions } from 'node:tls'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { connectRaw, createTestLifecycle, gate, listen } from './drain.ts'

const key = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
const server: TlsOptions = { ciphers: 'PSK', maxVersion: 'TLSv1.2', pskCallback: () => key }
const client: ConnectionOptions = {
  host: '127.0.0.1',
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  checkServerIdentity: () => undefined,
  pskCallback: () => ({ psk: key, identity: 'test' }),
}

async function connectSecure(port: number, alpn: string[] = []): Promise<TLSSocket> {
  const socket = connectTls({ ...client, port, ALPNProtocols: alpn })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket
}

describe('a drain behind TLS', () => {
  test('serves the request under way, and closes sockets that said nothing or never shook hands', async () => {
    const https = createServer(server, (_req, res) => res.end('ok'))
    const { lifecycle } = createTestLifecycle({ idleLingerMs: 300 })
    lifecycle.http(https)
    const port = await listen(https)
    await lifecycle.started()
    const raw = await connectRaw(port)
    const silent = await connectSecure(port)
    const active = await connectSecure(port)
    const closed = [raw.closed, once(silent, 'close')]
    silent.resume()
    let text = ''
    active.on('data', (chunk) => (text += chunk))
    await waitFor(() => lifecycle.status().connections === 3)

    const stopped = lifecycle.stop()
    await waitFor(() => !https.listening)
    active.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(active, 'close')
    await Promise.all(closed)

    expect(text).toMatch(/200 OK[\s\S]*Connection: close[\s\S]*ok$/)
    expect(await stopped).toMatchObject({ code: 0, requests: { finished: 1, cut: 0 } })
  })

  test('drains HTTP/2 and HTTP/1.1 on one port, each in its own way', async () => {
    const finish = gate()
    const both = createSecureServer({ ...server, allowHTTP1: true }, async (_req, res) => {
      await finish.opened
      res.end('ok')
    })
    const { lifecycle } = createTestLifecycle({ idleLingerMs: 100 })
    lifecycle.http(both)
    const port = await listen(both)
    await lifecycle.started()
    const session = connectHttp2(`https://127.0.0.1:${port}`, {
      createConnection: () => connectTls({ ...client, port, ALPNProtocols: ['h2'] }),
    })
    const goaway = once(session, 'goaway')
    const stream = session.request({ ':path': '/' })
    const http1 = await connectSecure(port, ['http/1.1'])
    let text = ''
    http1.on('data', (chunk) => (text += chunk))
    http1.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    const http1Closed = once(http1, 'close')
    await waitFor(() => lifecycle.status().requestsInFlight === 2)

    const stopped = lifecycle.stop()
    await goaway
    finish.open()
    let body = ''
    for await (const chunk of stream) body += chunk
    await http1Closed

    expect(body).toBe('ok')
    expect(text).toMatch(/Connection: close[\s\S]*ok$/)
    expect(await stopped).toMatchObject({ code: 0, requests: { finished: 2, cut: 0 } })
  })

  test('cuts HTTP/2 streams that outlast the deadline', async () => {
    const secure = createSecureServer(server, () => {})
    const { lifecycle } = createTestLifecycle({ deadlineMs: 300, idleLingerMs: 50 })
    lifecycle.http(secure)
    const port = await listen(secure)
    await lifecycle.started()
    const session = connectHttp2(`https://127.0.0.1:${port}`, {
      createConnection: () => connectTls({ ...client, port, ALPNProtocols: ['h2'] }),
    })
    session.on('error', () => {})
    session.request({ ':path': '/' }).on('error', () => {})
    await waitFor(() => lifecycle.status().requestsInFlight === 1)

    const end = await lifecycle.stop()

    expect(end).toMatchObject({ code: 1, requests: { finished: 0, cut: 1 } })
    await waitFor(() => session.destroyed)
  })
})
