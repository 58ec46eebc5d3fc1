/** Starts the service under test as a process of its own and reads what it says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@ops/testing'

/** A line the service wrote. */
export interface Line {
  readonly level?: string
  readonly message?: string
  readonly ports?: { readonly app: number; readonly ops: number }
  readonly [field: string]: unknown
}

/** A running service. */
export interface Service {
  readonly child: ChildProcess
  readonly lines: readonly Line[]
  readonly stderr: () => string
  /** Resolves with the first line that fits. */
  said(message: string | RegExp): Promise<Line>
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
}

/** Starts `services/<name>.ts` with options as JSON; `wrapper` is put before the command. */
export function startService(name: string, options: object = {}, wrapper: readonly string[] = []): Service {
  const script = fileURLToPath(new URL(`./services/${name}.ts`, import.meta.url))
  const [command = '', ...args] = [
    ...wrapper,
    process.execPath,
    '--conditions=@ops/source',
    script,
    JSON.stringify(options),
  ]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Line[] = []
  let stderr = ''
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk))
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  const said = (message: string | RegExp) =>
    waitFor(() => lines.find((line) => matches(line, message)), {
      timeoutMs: 15_000,
      what: `${message} from ${name}: ${stderr}`,
    })
  return { child, lines, stderr: () => stderr, said, ended }
}

/** Starts it and waits until it serves. */
export async function startServing(
  name: string,
  options: object = {},
  wrapper: readonly string[] = [],
): Promise<Service & { readonly app: string; readonly ops: string }> {
  const service = startService(name, options, wrapper)
  const ports = await waitFor(() => service.lines.find((line) => line.ports !== undefined)?.ports, {
    timeoutMs: 15_000,
    what: `ports: ${service.stderr()}`,
  })
  return { ...service, app: `http://127.0.0.1:${ports.app}`, ops: `http://127.0.0.1:${ports.ops}` }
}

function matches(line: Line, message: string | RegExp): boolean {
  return typeof message === 'string' ? line.message === message : message.test(line.message ?? '')
}
