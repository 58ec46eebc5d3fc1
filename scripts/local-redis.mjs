/** A Redis for one run: on a free loopback port, without persistence, gone with whoever started it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { Failure } from './environment/failure.mjs'

/**
 * Resolves to `{ url, stop }` once it accepts connections.
 *
 * @throws Failure when there is no redis-server on the PATH or it does not start.
 */
export async function startLocalRedis() {
  const port = await freePort()
  const dir = await mkdtemp(path.join(tmpdir(), 'ops-redis-'))
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', 'maxmemory-policy': 'noeviction', dir }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const stop = async () => {
    process.off('exit', killWithUs)
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
    await rm(dir, { recursive: true, force: true })
  }
  if (await accepts(child)) return { url: `redis://127.0.0.1:${port}`, stop }
  await stop()
  throw new Failure('Cannot start redis-server: not found or it ended at once, expected it on the PATH, or REDIS_URL')
}

function accepts(child) {
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('exit', () => resolve(false))
    child.stdout.on('data', (chunk) => {
      if (chunk.includes('Ready to accept connections')) resolve(true)
    })
  })
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
