/** Starts one of the HTTP examples as a process, with everything it talks to under the test's control. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { createInterface } from 'node:readline'
import { waitFor } from '@ops/testing'
import { type Collector, PLACEHOLDERS, startCollector, startPostgres } from '../../examples/local/src/index.ts'

/** Frameworks whose example exists. */
export const FRAMEWORKS: readonly string[] = ['fastify', 'express', 'nestjs'].filter((name) =>
  existsSync(manifestOf(name)),
)

/** A parsed log line. */
export type LogLine = Readonly<Record<string, unknown>>

/** The pricing service as the test plays it. */
export interface Pricing {
  readonly url: string
  readonly requests: IncomingMessage[]
  /** Answers the next requests; the default gives every SKU a price. */
  respond: (request: IncomingMessage, response: ServerResponse) => void
  stop(): Promise<void>
}

/** A running example. */
export interface RunningExample {
  readonly base: string
  readonly ops: string
  readonly lines: LogLine[]
  /** What it printed that was not a JSON line. */
  readonly stray: string[]
  readonly collector: Collector
  readonly pricing: Pricing
  /** Sends SIGTERM and resolves to the exit code. */
  terminate(): Promise<number | null>
  stop(): Promise<void>
}

/** Starts `framework` on free ports and resolves once it is ready. */
export async function startExample(
  framework: string,
  redisUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningExample> {
  const program = programOf(framework)
  const [postgres, collector, pricing] = await Promise.all([startPostgres(), startCollector(), startPricing()])
  const [port, opsPort] = [await freePort(), await freePort()]
  const child = spawnExample(framework, program, {
    ...PLACEHOLDERS,
    DATABASE_URL: postgres.url,
    REDIS_URL: redisUrl,
    PRICING_URL: pricing.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    PORT: String(port),
    OPS_PORT: String(opsPort),
    DRAIN_DELAY_MS: '200',
    DRAIN_DEADLINE_MS: '10000',
    // What a test sends is not to be limited unless the test says so.
    RATE_LIMIT_PER_MIN: '1000000',
    ...env,
  })
  const lines: LogLine[] = []
  const stray: string[] = []
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line))
    else stray.push(line)
  })
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => stray.push(line))
  const ops = `http://127.0.0.1:${opsPort}`
  const exited = once(child, 'exit') as Promise<[number | null]>
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await exited
    }
    await Promise.all([postgres.stop(), collector.stop(), pricing.stop()])
  }
  try {
    await waitFor(() => child.exitCode !== null || isReady(ops), { timeoutMs: 30_000 })
    if (child.exitCode !== null) throw new Error('it ended')
  } catch (cause) {
    await stop()
    throw new Error(
      `Cannot start the ${framework} example:\n${[...stray, ...lines.map((line) => JSON.stringify(line))].join('\n')}`,
      { cause },
    )
  }
  const terminate = async () => {
    child.kill('SIGTERM')
    return (await exited)[0]
  }
  return { base: `http://127.0.0.1:${port}`, ops, lines, stray, collector, pricing, terminate, stop }
}

async function isReady(ops: string): Promise<boolean> {
  const response = await fetch(`${ops}/readyz`).catch(() => undefined)
  return response?.ok === true
}

function manifestOf(framework: string): URL {
  return new URL(`../../examples/${framework}/package.json`, import.meta.url)
}

/** The program that the example's `start` script names, without the launcher before it; built where it has to be. */
function programOf(framework: string): string {
  const { scripts } = JSON.parse(readFileSync(manifestOf(framework), 'utf8')) as { scripts: Record<string, string> }
  if (scripts['build'] !== undefined) {
    const built = spawnSync('pnpm', ['run', 'build'], { cwd: new URL('.', manifestOf(framework)), encoding: 'utf8' })
    if (built.status !== 0) throw new Error(`Cannot build the ${framework} example:\n${built.stdout}${built.stderr}`)
  }
  return scripts['start']?.split(' ').at(-1) ?? ''
}

function spawnExample(framework: string, program: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, ['--conditions=@ops/source', program], {
    cwd: new URL('.', manifestOf(framework)),
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function startPricing(): Promise<Pricing> {
  const pricing = {
    requests: [] as IncomingMessage[],
    respond: (_request: IncomingMessage, response: ServerResponse) => void response.end('{"cents":250}'),
  }
  const server = createServer((request, response) => {
    pricing.requests.push(request)
    pricing.respond(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return Object.assign(pricing, { url, stop })
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
