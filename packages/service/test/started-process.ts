/** A service as a process, for the tests. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@ops/testing'
import { afterEach } from 'vitest'

/** A parsed log line. */
export type Line = Readonly<Record<string, unknown>> & { readonly context?: Readonly<Record<string, number>> }

const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

/** A secret that must show nowhere. */
export const SECRET = 'canary-4f9a-token'

/** A process and what it printed. */
export interface StartedProcess {
  readonly child: ChildProcess
  readonly lines: Line[]
  readonly exited: Promise<number | null>
  stderr(): string
}

/** Starts it with these settings on top of the least it needs. */
export function start(env: Readonly<Record<string, string>>, name = 'echo'): StartedProcess {
  const program = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@ops/source', program], {
    env: { PATH: process.env['PATH'], PORT: '0', OPS_PORT: '0', DRAIN_DELAY_MS: '0', API_TOKEN: SECRET, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const lines: Line[] = []
  let stderr = ''
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { child, lines, exited, stderr: () => stderr }
}

/** Starts it and waits until it listens. */
export async function startReady(
  env: Readonly<Record<string, string>> = {},
  name = 'echo',
): Promise<StartedProcess & { readonly app: string; readonly ops: string }> {
  const started = start(env, name)
  const listening = () => started.lines.find(({ message }) => message === 'listening')?.context
  await waitFor(() => listening() !== undefined, { timeoutMs: 15_000 })
  const { listening: port, opsPort } = listening() as Readonly<Record<string, number>>
  return { ...started, app: `http://127.0.0.1:${port}`, ops: `http://127.0.0.1:${opsPort}` }
}
