import { request as httpRequest } from 'node:http'
import { connect, createServer } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { type OpsPage, type OpsPort, type OpsPortOptions, startOpsPort } from '../src/index.ts'

const open: OpsPort[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((port) => port.close()))
})

async function start(pages: readonly OpsPage[], options: Partial<OpsPortOptions> = {}): Promise<string> {
  const port = await startOpsPort({ port: 0, pages, ...options })
  open.push(port)
  return `http://127.0.0.1:${port.port}`
}

const text = (body: string): OpsPage['handle'] => {
  return () => ({ status: 200, body })
}
const page = (path: string, handle: OpsPage['handle'], access: OpsPage['access'] = 'open'): OpsPage => ({
  paths: [path],
  access,
  ...(handle === undefined ? {} : { handle }),
})

function echoPage(shared = new SharedArrayBuffer(4)) {
  const { port1, port2 } = new MessageChannel()
  const echo: OpsPage = {
    paths: ['/echo', '/shared', '/stray', '/post', '/call'],
    access: 'open',
    worker: { module: new URL('./pages/echo.ts', import.meta.url), data: { shared, inner: { port: port2 } } },
    respond: (message) => ({ heard: message }),
  }
  return { echo, shared: new Int32Array(shared), port: port1 }
}

/** fetch decides some headers itself; this sends what it is told. */
function get(url: string, headers: Record<string, string>, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, { headers, method, agent: false }, (res) => {
      let body = ''
      res.setEncoding('utf8').on('data', (chunk) => (body += chunk))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body }))
    })
    req.on('error', reject).end()
  })
}

describe.each([{ thread: true }, { thread: false }])('startOpsPort() with $thread as thread', ({ thread }) => {
  it('startOpsPort() answers a page on the main thread when it has handle', async () => {
    const base = await start(
      [page('/hello', (request) => ({ status: 201, headers: { 'x-q': request.query }, body: request.body }))],
      { thread },
    )

    const res = await fetch(`${base}/hello?a=1`, { method: 'POST', body: 'some text' })

    expect([res.status, res.headers.get('x-q'), await res.text()]).toEqual([201, 'a=1', 'some text'])
  })

  it('startOpsPort() answers a page by its module when it has worker', async () => {
    const { echo, shared, port } = echoPage()
    const base = await start([echo], { thread })
    Atomics.store(shared, 0, 42)

    const moved = new Promise((resolve) => port.once('message', resolve))
    const answers = await Promise.all(
      ['/shared', '/call?x', '/post'].map(async (path) => (await fetch(base + path)).text()),
    )

    expect(answers.slice(0, 2)).toEqual(['42', '{"heard":{"query":"x"}}'])
    expect(await moved).toBe('moved')
    port.close()
  })

  it('startOpsPort() lists what the caller may see when asked for /', async () => {
    const base = await start([page('/b', text('')), page('/a', text(''), 'restricted')], { thread })

    expect(await (await fetch(`${base}/`)).text()).toBe('/a\n/b\n')
    expect((await get(`${base}/`, { 'x-forwarded-for': '10.0.0.1' })).body).toBe('/b\n')
  })

  it('startOpsPort() answers 404, 405, 413 and 500 as text when a request does not fit', async () => {
    const fails = page('/fails', () => Promise.reject(new Error('secret cause')))
    const base = await start([fails, page('/ok', text('fine'))], { thread })

    expect((await fetch(`${base}/none`)).status).toBe(404)
    expect((await get(`${base}/ok`, {}, 'PROPFIND')).status).toBe(405)
    expect((await fetch(`${base}/`, { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD')
    expect((await fetch(`${base}/ok`, { method: 'POST', body: 'x'.repeat(70_000) })).status).toBe(413)
    const failed = await fetch(`${base}/fails`)
    expect([failed.status, await failed.text()]).toEqual([500, 'The page failed.\n'])
  })

  it('startOpsPort() leaves the body out when the request is HEAD', async () => {
    const base = await start([page('/ok', text('fine'))], { thread })

    const res = await fetch(`${base}/ok`, { method: 'HEAD' })

    expect([res.headers.get('content-length'), await res.text()]).toEqual(['4', ''])
  })

  it('startOpsPort() refuses with OPS_OPSPORT_PORT_IN_USE when another server has the port', async () => {
    const rival = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => rival.once('listening', resolve))
    const { port } = rival.address() as { port: number }

    await expect(startOpsPort({ port, pages: [], thread })).rejects.toMatchObject({ code: 'OPS_OPSPORT_PORT_IN_USE' })
    rival.close()
  })

  it('startOpsPort() refuses with OPS_OPSPORT_PAGE_FAILED when a module exports no createPage', async () => {
    const module = new URL('../src/errors.ts', import.meta.url)
    const broken: OpsPage = { paths: ['/x'], access: 'open', worker: { module, data: undefined } }

    await expect(startOpsPort({ port: 0, pages: [broken], thread })).rejects.toMatchObject({
      code: 'OPS_OPSPORT_PAGE_FAILED',
    })
  })

  it('startOpsPort() answers 503 when the main thread is later than mainTimeoutMs', async () => {
    const base = await start([page('/slow', () => new Promise(() => {}))], { thread, mainTimeoutMs: 20 })

    expect((await fetch(`${base}/slow`)).status).toBe(503)
  })
})

describe('restricted pages', () => {
  const restricted = [page('/secret', text('shown'), 'restricted')]
  const token = 'a-long-enough-token'

  it.each([
    ['a local caller', {}, 200],
    ['a caller behind a local proxy', { 'x-forwarded-for': '10.1.1.1' }, 403],
    ['a page of another site in a local browser', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a rebound name in a local browser', { host: 'evil.example' }, 403],
  ])('startOpsPort() decides by origin when there is no token: %s', async (_who, headers, status) => {
    const base = await start(restricted, { thread: false })

    expect((await get(`${base}/secret`, headers as Record<string, string>)).status).toBe(status)
  })

  it.each([
    ['right', `Bearer ${token}`, 200],
    ['wrong', `Bearer ${token}x`, 401],
    ['empty', '', 401],
  ])('startOpsPort() decides by the token when one is given: %s', async (_which, authorization, status) => {
    const base = await start(restricted, { thread: false, token })

    expect((await get(`${base}/secret`, { authorization, host: 'ops.example' })).status).toBe(status)
  })
})

describe('the thread', () => {
  it('startOpsPort() goes on serving when a page throws outside a request', async () => {
    const { echo, port } = echoPage()
    const base = await start([echo])

    await fetch(`${base}/stray`)

    expect((await fetch(`${base}/shared`)).status).toBe(200)
    port.close()
  })

  it('close() ends a keep-alive socket and frees the port when called twice', async () => {
    const opsPort = await startOpsPort({ port: 0, pages: [page('/ok', text('fine'))] })
    const socket = connect(opsPort.port, '127.0.0.1')
      .resume()
      .on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.once('connect', resolve))

    await Promise.all([opsPort.close(), opsPort.close()])

    await closed
    await expect(fetch(`http://127.0.0.1:${opsPort.port}/ok`)).rejects.toThrow()
  })
})

describe('options', () => {
  it.each([
    [{ port: 70_000 }, /port is 70000/],
    [{ port: 0, token: 'short' }, /token has 5 characters/],
    [{ port: 0, mainTimeoutMs: 0 }, /mainTimeoutMs is 0/],
    [{ port: 0, pages: [page('/a', text('')), page('/a', text(''))] }, /\/a: added twice/],
    [{ port: 0, pages: [page('a', text(''))] }, /expected a path/],
    [{ port: 0, pages: [page('/a', undefined)] }, /exactly one of handle and worker/],
  ])('startOpsPort() refuses %o', async (options, message) => {
    await expect(startOpsPort({ pages: [], ...options } as OpsPortOptions)).rejects.toThrow(message)
  })
})
