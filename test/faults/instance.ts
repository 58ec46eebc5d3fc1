/** An instance under test: any started process that says `{"ports":{"app":…,"ready":…}}` on stdout once it listens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A running process. */
export interface Instance {
  readonly ports: { readonly app: number; readonly ready: number }
  /** Lines it wrote so far. */
  readonly lines: readonly string[]
  /** Sends SIGTERM, and SIGKILL when that takes `graceMs`; resolves with the exit code, or the signal's name. */
  terminate(graceMs: number): Promise<number | string>
  /** Ends it at once. */
  kill(): void
}

/** Starts a script with Node; `.ts` files run as they are. */
export async function startInstance(script: URL, args: readonly string[] = []): Promise<Instance> {
  const child = spawn(process.execPath, ['--conditions=@ops/source', fileURLToPath(script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const reader = createInterface(child.stdout)
  const ports = await new Promise<Instance['ports']>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${script.pathname} ended with ${code} before it listened`)))
    reader.on('line', (line) => {
      lines.push(line)
      if (line.startsWith('{"ports":')) resolve((JSON.parse(line) as Pick<Instance, 'ports'>).ports)
    })
  })
  return { ports, lines, terminate: (graceMs) => terminate(child, graceMs), kill: () => child.kill('SIGKILL') }
}

async function terminate(child: ChildProcess, graceMs: number): Promise<number | string> {
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  const [code, signal] = await exited
  clearTimeout(timer)
  return code ?? signal ?? 'unknown'
}
