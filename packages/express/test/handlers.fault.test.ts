/** Handlers that leave the usual way: they cut their own answer off, or the connection becomes something else. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { serve } from './observed-app.ts'

describe('opsExpress()', () => {
  test('opsExpress() observes a request once, as cut off, when its handler destroys the answer half-way', async () => {
    const { url, logs, metrics, spans } = await serve((app) =>
      app.get('/half', (_, response) => {
        response.write('half')
        setImmediate(() => response.destroy())
      }),
    )

    await expect(fetch(`${url}/half`).then((response) => response.text())).rejects.toThrow()
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]?.fields).toMatchObject({ route: '/half', status: 499 })
    expect(metrics.value('http_requests_total', { route: '/half', status: '499' })).toBe(1)
    await metrics.collect()
    expect(metrics.value('http_requests_in_flight')).toBe(0)
    expect(spans).toHaveLength(1)
  })

  test('opsExpress() leaves a connection alone that is upgraded, and observes what comes before it', async () => {
    let server: Server | undefined
    const { url, logs, metrics } = await serve((app) =>
      app.get('/before', (request, response) => {
        server = (request.socket as unknown as { server: Server }).server
        response.end('ok')
      }),
    )
    await fetch(`${url}/before`)
    server?.on('upgrade', (_, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello')
    })

    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('GET /before HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    await once(socket, 'close')

    expect(received).toMatch(/^HTTP\/1\.1 101 [\s\S]*hello$/)
    expect(logs.records.map(({ fields }) => fields?.['status'])).toEqual([200])
    await metrics.collect()
    expect(metrics.value('http_requests_in_flight')).toBe(0)
  })
})
