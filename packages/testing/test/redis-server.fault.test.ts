/** Real servers that are killed, frozen and restarted. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import {
  freePort,
  type RedisServerOptions,
  startRedisCluster,
  startRedisServer,
  TestTimeoutError,
  waitFor,
} from '../src/index.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function start(options?: RedisServerOptions) {
  const server = await startRedisServer(options)
  open.push(server.close)
  return server
}

/** The reply to one inline command; rejects when nobody listens. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let reply = ''
  socket.on('data', (text) => (reply += text))
  socket.end(`${command}\r\nQUIT\r\n`)
  await once(socket, 'close')
  return reply.split('\r\n')[0] ?? ''
}

test('startRedisServer() gives a server that keeps nothing over a restart unless its arguments say so', async () => {
  const [plain, durable] = [await start(), await start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })]
  const replies = []
  for (const server of [plain, durable]) {
    await ask(server.port, 'SET key value')
    const before = server.pid
    await server.restart()
    replies.push(await ask(server.port, 'EXISTS key'))
    expect(server.pid).not.toBe(before)
  }

  expect(replies).toEqual([':0', ':1'])
})

test('kill() leaves the port closed, and start() opens it again', async () => {
  const server = await start()

  await server.kill()
  await expect(ask(server.port, 'PING')).rejects.toThrow('ECONNREFUSED')
  await server.start()

  expect(await ask(server.port, 'PING')).toBe('+PONG')
})

test('freeze() lets connections hang until thaw()', async () => {
  const server = await start()
  server.freeze()
  let answered = false
  const asked = ask(server.port, 'PING').then((reply) => {
    answered = true
    return reply
  })

  await expect(waitFor(() => answered, { timeoutMs: 200 })).rejects.toThrow(TestTimeoutError)
  server.thaw()

  expect(await asked).toBe('+PONG')
})

test('close() ends a frozen server and removes its directory', async () => {
  const server = await start()
  server.freeze()

  await server.close()

  await expect(ask(server.port, 'PING')).rejects.toThrow('ECONNREFUSED')
  expect(existsSync(server.dir)).toBe(false)
})

test('startRedisServer() rejects with what went wrong when the program is not there or refuses', async () => {
  await expect(startRedisServer({ program: 'no-such-redis' })).rejects.toThrow('Cannot start no-such-redis: ')
  await expect(startRedisServer({ args: ['--no-such-setting', '1'] })).rejects.toThrow(/it ended with 1 \(.+\)/)
})

test('startRedisCluster() gives masters that share the slots and know each other', async () => {
  const cluster = await startRedisCluster()
  open.push(cluster.close)
  const { port } = cluster.nodes[0] as { port: number }

  expect(cluster.addresses).toHaveLength(3)
  expect(await ask(port, 'GET a')).toMatch(/^-MOVED 15495 127\.0\.0\.1:\d+$/)
  expect(await ask(port, 'GET b')).toBe('$-1')
})

test('startRedisCluster() and freePort() refuse numbers outside their range', async () => {
  await expect(startRedisCluster({ nodes: 2 })).rejects.toThrow(RangeError)
  await expect(freePort(80)).rejects.toThrow(RangeError)
  expect(await freePort(55_535)).toBeLessThanOrEqual(55_535)
})
