/** An application of somebody's as a process: started, asked, stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { waitFor } from '@ops/testing'
import { consumerEnvironment } from './packed.ts'
import { PATIENCE_MS, type RunOptions } from './project.ts'

/** A started application. */
export interface Application {
  /** Where it serves. */
  readonly url: string
  /** Where its operators look; nobody is there before it adopted @ops. */
  readonly opsUrl: string
  /** What it printed and is JSON. */
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  /** Stops it as an orchestrator does and resolves to its exit code. */
  stop(): Promise<number | null>
}

/** Starts `file` and waits until it prints `listening on <port>`. */
export async function startApplication(
  folder: string,
  file: string,
  { nodeFolder }: RunOptions = {},
): Promise<Application> {
  const opsPort = await freePort()
  const child = spawn('node', [file], {
    cwd: folder,
    env: { ...consumerEnvironment(nodeFolder), PORT: '0', OPS_PORT: String(opsPort), DRAIN_DELAY_MS: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'close').then(([code]) => code as number | null)
  const { lines, port, output } = read(child)
  await waitFor(() => port() !== undefined || child.exitCode !== null, { timeoutMs: PATIENCE_MS })
  if (port() === undefined) throw new Error(`${join(folder, file)} ended with ${child.exitCode}:\n${output()}`)
  return {
    url: `http://127.0.0.1:${port()}`,
    opsUrl: `http://127.0.0.1:${opsPort}`,
    lines,
    stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

function read(child: ChildProcess) {
  const lines: Record<string, unknown>[] = []
  let port: string | undefined
  let output = ''
  child.stderr?.on('data', (chunk) => {
    output += chunk
  })
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    output += `${line}\n`
    port ??= /^listening on (\d+)$/.exec(line)?.[1]
    if (line.startsWith('{')) lines.push(JSON.parse(line))
  })
  return { lines, port: () => port, output: () => output }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  return port
}
