/** A main thread that is wedged, clients that are slow or many, pages that hang or throw. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type OpsPage, type OpsPort, startOpsPort } from '../src/index.ts'

const children: ChildProcess[] = []
const ports: OpsPort[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(ports.splice(0).map((port) => port.close()))
})

/** A process of its own, whose main thread may be blocked. */
async function startWedgeable() {
  const script = fileURLToPath(new URL('./services/wedge.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@ops/source', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, base: `http://127.0.0.1:${Number(chunk.toString())}` }
}

async function start(pages: readonly OpsPage[], thread = true): Promise<number> {
  const port = await startOpsPort({ port: 0, pages, thread })
  ports.push(port)
  return port.port
}

const hello: OpsPage = { paths: ['/hello'], access: 'open', handle: () => ({ status: 200, body: 'hello' }) }
const answer = async (url: string) => {
  const res = await fetch(url)
  return [res.status, await res.text()] as const
}

describe('a wedged main thread', () => {
  test('leaves worker pages answering and makes main pages say 503, at once after 64 unanswered, until it is back', async () => {
    const { base } = await startWedgeable()
    expect(await answer(`${base}/block?3000`)).toEqual([200, 'blocking'])
    await waitFor(async () => (await answer(`${base}/main`))[0] === 503)

    const many = await Promise.all(Array.from({ length: 150 }, () => answer(`${base}/main`)))

    expect(new Set(many.map(([status]) => status))).toEqual(new Set([503]))
    expect(await answer(`${base}/shared`)).toEqual([200, '0'])
    expect((await answer(`${base}/call`))[0]).toBe(503)
    const [, body] = await waitFor(async () => {
      const seen = await answer(`${base}/main`)
      return seen[0] === 200 && seen
    })
    // The questions that were left open were at most 64, whatever came in.
    expect(Number(body)).toBeLessThanOrEqual(70)
  })

  test('does not keep the process alive, nor does its thread', async () => {
    const { child, base } = await startWedgeable()
    const exited = once(child, 'exit')

    // The answer races with the end of the process.
    await answer(`${base}/leave`).catch(() => {})

    expect(await exited).toEqual([0, null])
  })
})

describe('a page', () => {
  test('that hangs costs its caller a 503 and nobody else anything', async () => {
    const hangs: OpsPage = { paths: ['/hangs'], access: 'open', handle: () => new Promise(() => {}) }
    const port = await startOpsPort({ port: 0, pages: [hangs, hello], mainTimeoutMs: 50 })
    ports.push(port)

    const [hung, other] = await Promise.all([
      answer(`http://127.0.0.1:${port.port}/hangs`),
      answer(`http://127.0.0.1:${port.port}/hello`),
    ])

    expect([hung[0], other]).toEqual([503, [200, 'hello']])
  })

  test.each([true, false])('that answers what cannot be sent is a 500: thread %s', async (thread) => {
    const odd: OpsPage = { paths: ['/odd'], access: 'open', handle: () => ({ status: 200, body: (() => {}) as never }) }
    const port = await start([odd, hello], thread)

    const [status] = await answer(`http://127.0.0.1:${port}/odd`).catch(() => ['cut'] as const)

    expect([500, 'cut']).toContain(status)
    expect(await answer(`http://127.0.0.1:${port}/hello`)).toEqual([200, 'hello'])
  })
})

describe('a client', () => {
  test('that says nothing, breaks off or talks nonsense does not disturb the others', async () => {
    const port = await start([hello])
    const sockets = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    for (const socket of sockets.slice(0, 50)) socket.write('POST /hello HTTP/1.1\r\ncontent-length: 50\r\n\r\nhalf')
    for (const socket of sockets.slice(50, 100)) socket.write('\x16\x03\x01 nonsense\r\n\r\n')
    for (const socket of sockets.slice(100, 150)) socket.destroy()

    expect(await answer(`http://127.0.0.1:${port}/hello`)).toEqual([200, 'hello'])
    for (const socket of sockets) socket.destroy()
  })

  test('gets 413 and a closed connection when its body has no end', async () => {
    const port = await start([hello])
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write('POST /hello HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n')
    for (let i = 0; i < 20; i++) socket.write(`2000\r\n${'x'.repeat(8192)}\r\n`)

    await waitFor(() => text.includes('413'))

    expect(text.toLowerCase()).toContain('connection: close')
    socket.destroy()
    await closed
  })

  test('does not hold up a close by reading slowly', async () => {
    const big: OpsPage = {
      paths: ['/big'],
      access: 'open',
      handle: () => ({ status: 200, body: 'x'.repeat(20_000_000) }),
    }
    const port = await startOpsPort({ port: 0, pages: [big] })
    const socket = connect(port.port, '127.0.0.1').on('error', () => {})
    socket.write('GET /big HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await once(socket, 'readable')

    await port.close()

    await expect(fetch(`http://127.0.0.1:${port.port}/big`)).rejects.toThrow()
    socket.destroy()
  })
})
