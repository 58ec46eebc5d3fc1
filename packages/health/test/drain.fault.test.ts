/** The drain on real sockets, with clients and servers that do not play along. */
import { once } from 'node:events'
import { request, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { connectRaw, createTestLifecycle, gate, listen, serve } from './drain.ts'

const GET = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'

describe('a drain of HTTP/1.1', () => {
  test('finishes the request in flight and closes its connection when it began before', async () => {
    const answer = gate()
    const { lifecycle, server, port } = await serve(async (_req, res) => {
      await answer.opened
      res.end('late')
    })
    const client = await connectRaw(port)
    client.socket.write(GET)
    await waitFor(() => lifecycle.status().requestsInFlight === 1)

    const stopped = lifecycle.stop()
    await waitFor(() => !server.listening)
    answer.open()
    const end = await stopped
    await client.closed

    expect(client.text()).toMatch(/^HTTP\/1\.1 200[\s\S]*Connection: close[\s\S]*late/)
    expect(end).toMatchObject({ code: 0, requests: { finished: 1, cut: 0 } })
  })

  test('serves a request that was under way on an idle keep-alive connection, then closes it', async () => {
    const { lifecycle, server, port } = await serve((_req, res) => res.end('ok'), { idleLingerMs: 5000 })
    const client = await connectRaw(port)
    client.socket.write(GET)
    await waitFor(() => client.text().endsWith('ok'))
    expect(client.text()).toContain('Connection: keep-alive')

    const stopped = lifecycle.stop()
    await waitFor(() => !server.listening)
    client.socket.write(GET)
    await client.closed

    expect(client.text().match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    expect(client.text()).toContain('Connection: close')
    expect((await stopped).requests).toEqual({ finished: 1, cut: 0 })
  })

  test('closes connections that never said anything when they have lingered', async () => {
    const { lifecycle, port } = await serve((_req, res) => res.end('ok'))
    const speculative = await Promise.all(Array.from({ length: 20 }, () => connectRaw(port)))
    await waitFor(() => lifecycle.status().connections === 20)

    const end = await lifecycle.stop()
    await Promise.all(speculative.map(({ closed }) => closed))

    expect(end).toMatchObject({ code: 0, requests: { finished: 0, cut: 0 } })
  })

  test('reads a slow upload to its end when it takes longer than the linger', async () => {
    const { lifecycle, port } = await serve(
      (req, res) => {
        let bytes = 0
        req.on('data', (chunk: Buffer) => (bytes += chunk.length))
        req.on('end', () => res.end(`got ${bytes}`))
      },
      { idleLingerMs: 20 },
    )
    const client = await connectRaw(port)
    client.socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n')
    await waitFor(() => lifecycle.status().requestsInFlight === 1)

    const stopped = lifecycle.stop()
    for (let byte = 0; byte < 10; byte++) {
      await new Promise((resolve) => lateTurn(30, resolve))
      client.socket.write('x')
    }

    expect((await stopped).code).toBe(0)
    await client.closed
    expect(client.text()).toContain('got 10')
  })

  test('waits on a request whose head comes in slowly', async () => {
    const { lifecycle, port } = await serve((_req, res) => res.end('ok'), { idleLingerMs: 100 })
    const client = await connectRaw(port)
    const stopped = lifecycle.stop()

    for (const part of GET.match(/.{1,6}/gs) ?? []) {
      client.socket.write(part)
      await new Promise((resolve) => lateTurn(30, resolve))
    }
    await client.closed

    expect(client.text()).toContain('200 OK')
    expect((await stopped).code).toBe(0)
  })

  test('cuts what still runs and exits with 1 when the deadline passes', async () => {
    const { lifecycle, port, exits } = await serve(() => {}, { deadlineMs: 200 })
    const client = await connectRaw(port)
    client.socket.write(GET)
    await waitFor(() => lifecycle.status().requestsInFlight === 1)

    const end = await lifecycle.stop()
    await client.closed

    expect(end).toMatchObject({ code: 1, requests: { finished: 0, cut: 1 } })
    expect(end.steps).toContainEqual(expect.objectContaining({ name: 'http', outcome: 'cut' }))
    expect(exits).toEqual([1])
  })

  test('goes on when someone else has closed the server before or closes it meanwhile', async () => {
    const before = await serve((_req, res) => res.end('ok'))
    before.server.close()
    const during = await serve((_req, res) => res.end('ok'))
    const client = await connectRaw(during.port)

    const stopped = during.lifecycle.stop()
    during.server.close(() => {})

    expect((await before.lifecycle.stop()).code).toBe(0)
    expect((await stopped).code).toBe(0)
    await client.closed
  })

  test('takes no new connection once it drains', async () => {
    const { lifecycle, server, port } = await serve((_req, res) => res.end('ok'), { idleLingerMs: 1000 })
    await connectRaw(port)

    const stopped = lifecycle.stop()

    await waitFor(() => !server.listening)
    await expect(connectRaw(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await stopped
  })

  test('keeps serving, connections kept alive, while the propagation delay runs', async () => {
    const { lifecycle, health, port } = await serve((_req, res) => res.end('ok'), { propagationDelayMs: 300 })

    const stopped = lifecycle.stop()
    expect(health.handle('/readyz')?.status).toBe(503)
    expect(health.handle('/livez')?.status).toBe(200)
    const res = await fetch(`http://127.0.0.1:${port}/`)

    expect([res.status, res.headers.get('connection')]).toEqual([200, 'keep-alive'])
    expect((await stopped).steps[0]).toMatchObject({ name: 'propagation', outcome: 'done' })
  })

  test.each([
    ['nothing', (res) => void res.end('ok')],
    ['setHeader', (res) => void res.setHeader('Connection', 'keep-alive').end('ok')],
    ['writeHead by name', (res) => void res.writeHead(200, { 'x-a': '1', Connection: 'keep-alive' }).end('ok')],
    ['writeHead in turn', (res) => void res.writeHead(200, ['x-a', '1', 'connection', 'keep-alive']).end('ok')],
    ['writeHead with a reason', (res) => void res.writeHead(200, 'Fine', { connection: 'keep-alive' }).end('ok')],
  ] as [string, (res: ServerResponse) => void][])(
    'closes the connection whatever the handler asks for: %s',
    async (_how, respond) => {
      const { lifecycle, server, port } = await serve((_req, res) => respond(res), { idleLingerMs: 5000 })
      const client = await connectRaw(port)
      const stopped = lifecycle.stop()
      await waitFor(() => !server.listening)

      client.socket.write(GET)
      await client.closed

      expect(client.text()).toMatch(/^HTTP\/1\.1 200[\s\S]*connection: close[\s\S]*ok/i)
      expect(client.text()).not.toMatch(/keep-alive/i)
      expect((await stopped).code).toBe(0)
    },
  )

  test('answers Expect: 100-continue with Connection: close when the server handles it itself', async () => {
    const { lifecycle, server, port } = await serve((_req, res) => res.end('plain'), { idleLingerMs: 2000 })
    server.on('checkContinue', (_req, res) => res.end('continued'))
    const client = await connectRaw(port)
    const stopped = lifecycle.stop()
    await waitFor(() => !server.listening)

    client.socket.write('POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 0\r\n\r\n')
    await client.closed

    expect(client.text()).toMatch(/Connection: close[\s\S]*continued/)
    await stopped
  })
})

describe('a drain of streams', () => {
  test('ends an event stream, and a writer that goes on does not crash the process', async () => {
    let written = 0
    const { lifecycle, port } = await serve((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      const timer = setInterval(() => {
        res.write(`data: ${written++}\n\n`)
        if (res.destroyed) clearInterval(timer)
      }, 5)
    })
    const client = await connectRaw(port)
    client.socket.write(GET)
    await waitFor(() => written > 2)

    const end = await lifecycle.stop()
    await client.closed

    expect(end).toMatchObject({ code: 0, requests: { finished: 1, cut: 0 } })
    expect(client.text().endsWith('0\r\n\r\n')).toBe(true)
  })

  test('lets a download run to its end', async () => {
    const finish = gate()
    const { lifecycle, port } = await serve(async (_req, res) => {
      res.write('first ')
      await finish.opened
      res.end('last')
    })
    const req = request({ port, host: '127.0.0.1' }).end()
    const [res] = await once(req, 'response')
    const stopped = lifecycle.stop()
    await waitFor(() => lifecycle.draining)

    finish.open()
    let body = ''
    for await (const chunk of res) body += chunk

    expect(body).toBe('first last')
    expect((await stopped).code).toBe(0)
    req.destroy()
  })

  test('sends 1001 to a WebSocket it was not told of, and waits for the answer', async () => {
    const { lifecycle, server, port } = await serve((_req, res) => res.end())
    server.on('upgrade', (_req, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n')
      socket.on('data', () => socket.end())
    })
    const client = await connectRaw(port)
    client.socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    await waitFor(() => client.text().includes('101'))

    const stopped = lifecycle.stop()
    await waitFor(() =>
      client
        .bytes()
        .subarray(-4)
        .equals(Buffer.from([0x88, 0x02, 0x03, 0xe9])),
    )
    client.socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]))
    await client.closed

    expect((await stopped).code).toBe(0)
  })

  test('ends a WebSocket that never answers the goodbye', async () => {
    const { lifecycle, server, port } = await serve((_req, res) => res.end())
    server.on('upgrade', (_req, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
    const client = await connectRaw(port)
    client.socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    await waitFor(() => client.text().includes('101'))

    const end = await lifecycle.stop()
    await client.closed

    expect(end.durationMs).toBeLessThan(5000)
  })

  test('closes registered sockets with 1001 and terminates one that ignores it', async () => {
    const { lifecycle } = createTestLifecycle()
    const polite = fakeSocket(true)
    const deaf = fakeSocket(false)
    lifecycle.socket(polite)
    lifecycle.socket(deaf)

    await lifecycle.stop()

    expect([polite.heard, deaf.heard]).toEqual([['1001 going away'], ['1001 going away', 'terminate']])
  })

  test('lets HTTP/2 streams finish, takes those under way, and says GOAWAY', async () => {
    const finish = gate()
    const server = createHttp2()
    server.on('stream', async (stream) => {
      await finish.opened
      stream.respond({ ':status': 200 })
      stream.end('whole')
    })
    const { lifecycle } = createTestLifecycle()
    lifecycle.http(server)
    const port = await listen(server)
    await lifecycle.started()
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    const goaway = once(session, 'goaway')
    const stream = session.request({ ':path': '/' })
    await waitFor(() => lifecycle.status().requestsInFlight === 1)

    const stopped = lifecycle.stop()
    expect((await goaway)[0]).toBe(0)
    finish.open()
    let body = ''
    for await (const chunk of stream) body += chunk

    expect(body).toBe('whole')
    expect(await stopped).toMatchObject({ code: 0, requests: { finished: 1, cut: 0 } })
  })
})

/** Counts down in turns of the real clock: a slow peer, not a wait for something. */
function lateTurn(turns: number, done: (value: unknown) => void): void {
  const startMs = performance.now()
  const turn = () => (performance.now() - startMs >= turns ? done(undefined) : setImmediate(turn))
  turn()
}

function fakeSocket(isPolite: boolean) {
  const heard: string[] = []
  let onClose: () => void = () => {}
  return {
    heard,
    close(code: number, reason: string) {
      heard.push(`${code} ${reason}`)
      if (isPolite) onClose()
    },
    once: (_event: 'close', listener: () => void) => (onClose = listener),
    terminate: () => heard.push('terminate'),
  }
}
