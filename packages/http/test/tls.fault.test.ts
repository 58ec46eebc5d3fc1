/** The client's certificate, on real connections with certificates made here. */
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { createClient, type TlsIdentity } from '@ops/http'
import { recordMetrics, recordSpans } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { createAuthority } from './certificates.ts'

const authority = createAuthority('inside')
const stranger = createAuthority('outside')
const server = authority.sign('pricing')
const client = authority.sign('orders')

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Believes clients of the authority alone. */
async function dependency(listener: RequestListener): Promise<string> {
  const https = createServer({ ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, listener)
  https.listen(0, '127.0.0.1')
  await once(https, 'listening')
  closers.push(async () => {
    https.closeAllConnections()
    await new Promise((resolve) => https.close(resolve))
  })
  return `https://127.0.0.1:${(https.address() as AddressInfo).port}/v1`
}

const nameOf = (socket: unknown) => (socket as TLSSocket).getPeerCertificate().subject.CN
const identity: TlsIdentity = { ...client, ca: authority.cert }

describe('createClient()', () => {
  test('fetch() proves who it is by TLS 1.3 when it has a certificate', async () => {
    const baseUrl = await dependency(({ socket }, response) =>
      response.end(JSON.stringify({ from: nameOf(socket), by: (socket as TLSSocket).getProtocol() })),
    )
    const [metrics, spans] = [recordMetrics(), recordSpans()]
    closers.push(() => spans.stop())
    const pricing = createClient({ name: 'pricing', baseUrl, tls: identity, meter: metrics.meter })

    const response = await pricing.fetch('/prices')

    expect(await response.json()).toEqual({ from: 'orders', by: 'TLSv1.3' })
    expect(spans.spans[0]?.attributes).toMatchObject({ 'peer.service': 'pricing', 'http.response.status_code': 200 })
    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBe(1)
  })

  test.each([
    ['text', () => 'a text'],
    ['bytes', () => new TextEncoder().encode('a text')],
    ['a stream of the web', () => new Blob(['a ', 'text']).stream()],
    ['a stream of Node', () => Readable.from(['a ', 'text'])],
  ])('fetch() sends method, headers and body over TLS when the body is %s', async (_, body) => {
    const baseUrl = await dependency((request, response) => {
      response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-kind': request.headers['x-kind'] })
      request.pipe(response)
    })
    const pricing = createClient({ name: 'pricing', baseUrl, tls: identity })

    const init = { method: 'POST', headers: { 'x-kind': 'test' }, body: body() as RequestInit['body'] & {} }
    const response = await pricing.fetch('/', init)

    expect([response.status, await response.text()]).toEqual([201, 'a text'])
    expect([response.headers.getSetCookie(), response.headers.get('x-kind')]).toEqual([['a=1', 'b=2'], 'test'])
  })

  test.each([
    ['there is no certificate', () => ({ cert: '', key: '', ca: authority.cert })],
    ['a stranger signed its certificate', () => ({ ...stranger.sign('orders'), ca: authority.cert })],
    ['the server is signed by a stranger', () => ({ ...client, ca: stranger.cert })],
    ['the server has another name', () => ({ ...identity, servername: 'billing.internal' })],
  ])('fetch() throws HttpUnreachableError and sends nothing when %s', async (_, tls) => {
    let served = 0
    const baseUrl = await dependency((_request, response) => {
      served++
      response.end()
    })
    const metrics = recordMetrics()
    const pricing = createClient({ name: 'pricing', baseUrl, tls: tls(), meter: metrics.meter })

    await expect(pricing.fetch('/').then((response) => response.text())).rejects.toMatchObject({
      code: 'OPS_HTTP_UNREACHABLE',
    })
    expect(served).toBe(0)
    expect(metrics.value('dependency_up', { dependency: 'pricing' })).toBe(0)
  })

  test('fetch() uses the new certificate on a new connection when it was rotated, and keeps the old for calls under way', async () => {
    const seen: { name: string | string[] | undefined; port: number | undefined }[] = []
    let release = () => {}
    const baseUrl = await dependency(({ socket, url }, response) => {
      seen.push({ name: nameOf(socket), port: socket.remotePort })
      if (url === '/v1/slow') release = () => response.end('slow')
      else response.end()
    })
    let current = identity
    const pricing = createClient({ name: 'pricing', baseUrl, tls: () => current })

    await (await pricing.fetch('/')).text()
    const slow = pricing.fetch('/slow').then((response) => response.text())
    await expect.poll(() => seen.length).toBe(2)
    current = { ...authority.sign('orders-2'), ca: authority.cert }
    await (await pricing.fetch('/')).text()
    release()

    expect(await slow).toBe('slow')
    expect(seen.map(({ name }) => name)).toEqual(['orders', 'orders', 'orders-2'])
    expect(seen[1]?.port).toBe(seen[0]?.port)
    expect(seen[2]?.port).not.toBe(seen[0]?.port)
  })

  test('fetch() throws HttpTimeoutError when the body stalls over TLS', async () => {
    const baseUrl = await dependency((_, response) => void response.write('half'))
    const pricing = createClient({ name: 'pricing', baseUrl, tls: identity, timeoutMs: 300 })

    const response = await pricing.fetch('/')

    await expect(response.text()).rejects.toMatchObject({ code: 'OPS_HTTP_TIMEOUT' })
  })

  test.each([204, 304])('fetch() resolves when the status is %i, which has no body', async (status) => {
    const baseUrl = await dependency((_, response) => void response.writeHead(status).end())

    const response = await createClient({ name: 'pricing', baseUrl, tls: identity }).fetch('/')

    expect([response.status, response.body]).toEqual([status, null])
  })

  test.each([
    [{ baseUrl: 'http://a.test', tls: identity }, /tls is given and baseUrl is http:\/\/a.test, expected https:/],
    [{ baseUrl: 'https://a.test', tls: identity, fetch }, /both tls and fetch are given/],
  ])('createClient() throws when given tls and %o', (options, message) => {
    expect(() => createClient({ name: 'pricing', ...options })).toThrow(message)
  })
})
