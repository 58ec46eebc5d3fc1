/** Real Redis servers of a test's own, on free loopback ports, to be killed, frozen and restarted; ended by their pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Options of {@link startRedisServer}. */
export interface RedisServerOptions {
  /** Arguments of `redis-server` besides port, folder and "no persistence"; later ones win. @defaultValue none */
  readonly args?: readonly string[]
  /** Port to listen on, 1 to 65,535. @defaultValue a free one */
  readonly port?: number
  /** The program. @defaultValue $REDIS_SERVER, else `redis-server` from the PATH */
  readonly program?: string
}

/** A server that can be broken. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Its working directory, where an append-only file would be. */
  readonly dir: string
  /** Process id of what runs now, or ran last. */
  readonly pid: number
  /** Ends it at once by SIGKILL; what it did not persist is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port, with what its append-only file holds, if it has one. Resolves when it accepts connections. */
  start(): Promise<void>
  /** Kills and starts it. */
  restart(): Promise<void>
  /** Suspends the process: connections stay open, nothing answers. */
  freeze(): void
  thaw(): void
  /** Kills it, frozen or not, and removes its directory. */
  close(): Promise<void>
}

/** A port nobody listens on, at most `highest`; below 55,536 the bus port of a Cluster node fits above it. */
export async function freePort(highest = 65_535): Promise<number> {
  if (!Number.isInteger(highest) || highest < 1_024 || highest > 65_535)
    throw new RangeError(`Cannot find a free port: highest is ${highest}, expected an integer from 1024 to 65535`)
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    if (port <= highest) return port
  }
}

/**
 * Starts a Redis without persistence. It ends with this process at the latest.
 *
 * @throws Error when the program is not there or ends at once, with what it said.
 * @example
 * const server = await startRedisServer({ args: ['--appendonly', 'yes'] })
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { args = [], program = process.env['REDIS_SERVER'] ?? 'redis-server' } = options
  const port = options.port ?? (await freePort())
  const dir = mkdtempSync(join(tmpdir(), 'ops-testing-redis-'))
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir]
  let child: ChildProcess | undefined
  let pid = 0
  const server: RedisServer = {
    port,
    url: `redis://127.0.0.1:${port}`,
    dir,
    get pid() {
      return pid
    },
    async start() {
      await server.kill()
      child = await startProgram(program, [...base, ...args])
      pid = child.pid as number
    },
    kill: () => end(child),
    async restart() {
      await server.kill()
      await server.start()
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async close() {
      await server.kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  try {
    await server.start()
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

/** What still runs, to end with this process: one listener for all. */
const running = new Set<ChildProcess>()
function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

async function startProgram(program: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  if (running.size === 0) process.once('exit', endAll)
  running.add(child)
  const forget = () => {
    running.delete(child)
    if (running.size === 0) process.off('exit', endAll)
  }
  child.once('exit', forget).once('error', forget)
  let said = ''
  const listen = (chunk: Buffer) => (said += chunk)
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  try {
    await new Promise<void>((resolve, reject) => {
      const refuse = (state: string) =>
        reject(new Error(`Cannot start ${program}: ${state}, expected it to accept connections`))
      child.once('error', (error) => refuse(error.message))
      child.once('exit', (code) => refuse(`it ended with ${code} (${said.trim().split('\n').slice(-2).join(' ')})`))
      child.stdout.on('data', () => said.includes('Ready to accept connections') && resolve())
    })
  } finally {
    // Nobody reads on: a full pipe would stop the server.
    child.stdout.destroy()
    child.stderr.destroy()
  }
  return child
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
