import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFaultProxy, type FaultProxy, waitFor } from '../src/index.ts'

let target: Server
let received = ''
let proxy: FaultProxy
const clients: Socket[] = []

beforeEach(async () => {
  received = ''
  target = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received += chunk
      socket.write(`echo ${chunk}`)
    })
    socket.on('end', () => socket.end('bye'))
  })
  await once(target.listen(0, '127.0.0.1'), 'listening')
  proxy = await createFaultProxy({ port: (target.address() as { port: number }).port })
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.close()
  await new Promise((resolve) => target.close(resolve))
})

interface Client {
  readonly socket: Socket
  readonly text: () => string
  readonly error: () => string | undefined
}

function dial(): Client {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  clients.push(socket)
  let text = ''
  let code: string | undefined
  socket.on('data', (chunk) => (text += chunk))
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code))
  return { socket, text: () => text, error: () => code }
}

describe('createFaultProxy()', () => {
  test('forwards both ways, half-close included', async () => {
    const client = dial()

    client.socket.write('hi')
    await waitFor(() => client.text() === 'echo hi')
    client.socket.end()
    await waitFor(() => client.text() === 'echo hibye')

    expect(proxy.accepted).toBe(1)
    await waitFor(() => proxy.connections === 0)
  })

  test('cut() resets open connections and takes new ones', async () => {
    const broken = dial()
    broken.socket.write('a')
    await waitFor(() => broken.text() === 'echo a')

    proxy.cut()
    await waitFor(() => broken.error() === 'ECONNRESET')
    const fresh = dial()
    fresh.socket.write('b')

    await waitFor(() => fresh.text() === 'echo b')
  })

  test('freeze() holds bytes both ways until thaw() delivers them in order', async () => {
    const client = dial()
    client.socket.write('1')
    await waitFor(() => client.text() === 'echo 1')

    proxy.freeze()
    client.socket.write('2')
    const late = dial()
    late.socket.write('x')
    await waitFor(() => proxy.accepted === 2 && late.socket.bytesWritten === 1)
    expect(received).toBe('1')

    proxy.thaw()
    client.socket.write('3')
    await waitFor(() => received.replace('x', '') === '123')
    await waitFor(() => late.text() === 'echo x')
  })

  test('cut() ends frozen connections', async () => {
    const client = dial()
    proxy.freeze()
    client.socket.write('1')
    await waitFor(() => proxy.connections === 1)

    proxy.cut()

    await waitFor(() => client.error() === 'ECONNRESET')
    expect(received).toBe('')
  })

  test('failNext() resets the next n connections only', async () => {
    proxy.failNext(2)
    const failed = [dial(), dial()]
    await waitFor(() => failed.every((one) => one.error() === 'ECONNRESET'))

    const fine = dial()
    fine.socket.write('ok')

    await waitFor(() => fine.text() === 'echo ok')
  })

  test('refuse() refuses new connections, keeps open ones, until accept() on the same port', async () => {
    const { port } = proxy
    const open = dial()
    open.socket.write('a')
    await waitFor(() => open.text() === 'echo a')

    await proxy.refuse()
    const refused = dial()
    await waitFor(() => refused.error() === 'ECONNREFUSED')
    open.socket.write('b')
    await waitFor(() => open.text() === 'echo aecho b')

    await proxy.accept()
    const fresh = dial()
    fresh.socket.write('c')
    await waitFor(() => fresh.text() === 'echo c')
    expect(proxy.port).toBe(port)
  })

  test('delayMs() holds bytes back', async () => {
    const client = dial()
    proxy.delayMs(60_000)
    client.socket.write('late')
    await waitFor(() => proxy.connections === 1 && client.socket.bytesWritten === 4)
    proxy.delayMs(0)
    const other = dial()
    other.socket.write('x')

    await waitFor(() => other.text() === 'echo x')

    expect(received).toBe('x')
  })

  test('delayMs() keeps the order of bytes', async () => {
    proxy.delayMs(2)
    const client = dial()

    for (const digit of '123456789') client.socket.write(digit)

    await waitFor(() => received === '123456789')
  })

  test('resets clients when the target is away', async () => {
    const { port } = target.address() as { port: number }
    await new Promise((resolve) => target.close(resolve))

    const client = dial()
    await waitFor(() => client.error() === 'ECONNRESET')

    await once(target.listen(port, '127.0.0.1'), 'listening')
  })

  test('forwards a megabyte to a slow reader', async () => {
    const client = dial()
    client.socket.pause()
    const megabyte = 'x'.repeat(1 << 20)
    client.socket.write(megabyte)
    client.socket.resume()

    await waitFor(() => client.text().length >= megabyte.length && received.length === megabyte.length)
  })

  test('createFaultProxy() throws RangeError when the port is 0', async () => {
    await expect(createFaultProxy({ port: 0 })).rejects.toThrow(RangeError)
  })
})
