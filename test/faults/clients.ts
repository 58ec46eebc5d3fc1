/** Keep-alive clients that POST without end and never retry: whatever goes wrong counts. */
import { Agent, request } from 'node:http'

/** What the clients met. */
export interface Tally {
  succeeded: number
  /** By error code or status. */
  readonly failures: Record<string, number>
}

/** Running clients. */
export interface Clients {
  readonly tally: Tally
  /** Lets each finish its request. */
  stop(): Promise<void>
}

/** How they behave. */
export interface ClientOptions {
  readonly port: number
  readonly count: number
  /** Pause between two requests, up to this many milliseconds. */
  readonly pauseMs: number
}

const BODY = JSON.stringify({ order: 'x'.repeat(1000) })

/** Starts them, each with one connection of its own. */
export function startClients(options: ClientOptions): Clients {
  const tally: Tally = { succeeded: 0, failures: {} }
  let stopped = false
  const run = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!stopped) {
      const outcome = await post(options.port, agent)
      if (outcome === 'ok') tally.succeeded++
      else tally.failures[outcome] = (tally.failures[outcome] ?? 0) + 1
      await new Promise((resolve) => setTimeout(resolve, Math.random() * options.pauseMs))
    }
    agent.destroy()
  }
  const running = Array.from({ length: options.count }, run)
  return {
    tally,
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
}

function post(port: number, agent: Agent): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': BODY.length }
  return new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', method: 'POST', path: '/orders', agent, headers, timeout: 10_000 }
    const req = request(options, (res) => {
      let body = ''
      res.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      res.on('error', (error: NodeJS.ErrnoException) => resolve(`body ${error.code}`))
      res.on('end', () => resolve(res.statusCode === 200 && body === BODY ? 'ok' : `status ${res.statusCode}`))
    })
    req.on('timeout', () => req.destroy(Object.assign(new Error('timeout'), { code: 'TIMEOUT' })))
    req.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    req.end(BODY)
  })
}
