/** Real Redis servers of a test's own, on free ports, to be killed, frozen and restarted; ended after each test by their pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server that can be broken. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly dir: string
  /** Ends it at once; what it held is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  start(): Promise<void>
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

/** A port nobody listens on; `reach` below 65,536 so that a Cluster's bus fits above it. */
export async function freePort(reach = 65_535): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    if (port <= reach) return port
  }
}

/** Starts `redis-server` with `args` besides the usual. */
export async function startRedisServer(args: readonly string[] = [], port?: number): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'ops-flags-redis-'))
  const at = port ?? (await freePort())
  let child: ChildProcess | undefined
  const server: RedisServer = {
    port: at,
    url: `redis://127.0.0.1:${at}`,
    dir,
    async start() {
      const base = ['--port', String(at), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir]
      const started = spawn(process.env['REDIS_SERVER'] ?? 'redis-server', [...base, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child = started
      for await (const chunk of started.stdout) if (String(chunk).includes('Ready to accept connections')) break
      // Nobody reads on: without this a full pipe would stop the server.
      started.stdout.destroy()
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async close() {
      await server.kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}
