/** One service of the demo as a process: started like in production, its log lines kept. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

/** A parsed log line. */
export type LogLine = Readonly<Record<string, unknown>>

/** What a process is started with. */
export interface ServiceProcessOptions {
  readonly name: string
  /** The program, absolute. */
  readonly program: URL
  readonly env: Readonly<Record<string, string>>
  /** Starts it again when it dies, as an orchestrator would. @defaultValue false */
  readonly restart?: boolean
}

/** A process under watch. */
export class ServiceProcess {
  readonly lines: LogLine[] = []
  /** Lines that were not JSON: there must be none. */
  readonly strayOutput: string[] = []
  restarts = 0
  readonly #options: ServiceProcessOptions
  #child: ChildProcess
  #stopping = false

  constructor(options: ServiceProcessOptions) {
    this.#options = options
    this.#child = this.#spawn()
  }

  get name(): string {
    return this.#options.name
  }

  /** Resolves once the probe on the ops port says ready. @throws Error when the process ends first or takes over 30 s. */
  async ready(): Promise<void> {
    const url = `http://127.0.0.1:${this.#options.env['OPS_PORT']}/readyz`
    for (let attempt = 0; attempt < 600; attempt++) {
      if (this.#child.exitCode !== null && this.#options.restart !== true) break
      const response = await fetch(url).catch(() => undefined)
      if (response?.ok) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`Cannot start ${this.name}: not ready. Last output:\n${this.#lastOutput()}`)
  }

  /** Sends SIGTERM and resolves to the exit code. */
  async stop(): Promise<number | null> {
    this.#stopping = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode
    this.#child.kill('SIGTERM')
    const [code] = (await once(this.#child, 'exit')) as [number | null]
    return code
  }

  #spawn(): ChildProcess {
    const { program, env } = this.#options
    const child = spawn(process.execPath, ['--conditions=@ops/source', program.pathname], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C in the terminal goes to the demo, which drains the services in order.
      detached: true,
    })
    createInterface({ input: child.stdout }).on('line', (line) => this.#keep(line))
    createInterface({ input: child.stderr }).on('line', (line) => this.strayOutput.push(line))
    child.once('exit', () => {
      if (this.#stopping || this.#options.restart !== true) return
      this.restarts++
      this.#child = this.#spawn()
    })
    return child
  }

  #keep(line: string): void {
    try {
      this.lines.push(JSON.parse(line))
    } catch {
      this.strayOutput.push(line)
    }
  }

  #lastOutput(): string {
    return [...this.lines.slice(-5).map((line) => JSON.stringify(line)), ...this.strayOutput.slice(-15)].join('\n')
  }
}

/** `preferred` when nothing listens there, else a free port. */
export async function choosePort(preferred: number): Promise<number> {
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(preferred, '127.0.0.1', () => resolve(true))
  })
  if (!isFree) return choosePort(0)
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
