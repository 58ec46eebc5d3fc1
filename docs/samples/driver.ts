/** What drives the services of the guides: each is a process like any deployed one, on free ports. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { freePort, waitFor } from '@ops/testing'

/** A log line, parsed. */
export type Line = Readonly<Record<string, unknown>>

/** A service that answers. */
export interface StartedService {
  readonly app: string
  readonly ops: string
  readonly lines: readonly Line[]
  /** The first line with the message, waited for. */
  line(message: string): Promise<Line>
  /** Sends SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>
}

/** Starts a file of the extracted project in the working directory, and waits until it is ready. */
export async function startService(file: string, env: Readonly<Record<string, string>> = {}): Promise<StartedService> {
  const [port, opsPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, ['--conditions=@ops/source', file], {
    env: { ...process.env, PORT: `${port}`, OPS_PORT: `${opsPort}`, DRAIN_DELAY_MS: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const lines = linesOf(child)
  const ops = `http://127.0.0.1:${opsPort}`
  await waitFor(async () => child.exitCode !== null || (await fetch(`${ops}/readyz`)).ok, {
    timeoutMs: 40_000,
    everyMs: 50,
  })
  if (child.exitCode !== null)
    throw new Error(`${file} ended at start: ${lines.map((line) => JSON.stringify(line)).join('\n')}`)
  return {
    app: `http://127.0.0.1:${port}`,
    ops,
    lines,
    line: (message) => waitFor(() => lines.find((line) => line['message'] === message), { timeoutMs: 20_000 }),
    stop: async () => {
      child.kill('SIGTERM')
      const [code] = await ended
      return code as number | null
    },
  }
}

function linesOf(child: ChildProcess): Line[] {
  const lines: Line[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line.startsWith('{') ? JSON.parse(line) : { message: line })
  })
  return lines
}
