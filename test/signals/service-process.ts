/** A service under test as a process of its own, ended with the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@ops/testing'
import { afterEach } from 'vitest'

/** A parsed log line. */
export type Line = Readonly<Record<string, unknown>> & { readonly context?: Readonly<Record<string, unknown>> }

/** A process and what it printed. */
export interface ServiceProcess {
  readonly child: ChildProcess
  readonly lines: Line[]
  readonly exited: Promise<number | null>
  readonly app: string
  readonly ops: string
  stderr(): string
}

const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

/** Starts `services/<name>.ts` on free ports and resolves when it has said `listening`. */
export async function startService(name: string, env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const program = fileURLToPath(new URL(`./services/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@ops/source', program], {
    env: { PATH: process.env['PATH'], PORT: '0', OPS_PORT: '0', DRAIN_DELAY_MS: '0', ...env },
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
  const listening = () => lines.find(({ message }) => message === 'listening')?.context
  await waitFor(() => listening() !== undefined || child.exitCode !== null, { timeoutMs: 15_000 })
  if (listening() === undefined) throw new Error(`Cannot start ${name}: ${stderr}${JSON.stringify(lines)}`)
  const { listening: port, opsPort } = listening() as { listening: number; opsPort: number }
  return {
    child,
    lines,
    exited,
    app: `http://127.0.0.1:${port}`,
    ops: `http://127.0.0.1:${opsPort}`,
    stderr: () => stderr,
  }
}
