/** A TCP load balancer that honours readiness: new connections go to ready instances, old ones stay where they are. */
import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where an instance serves. */
export interface Target {
  readonly port: number
  /** Port of `/readyz`; usually the ops port. */
  readonly readyPort: number
}

/** A listening balancer. */
export interface Balancer {
  readonly port: number
  /** Names of the instances that take new connections. */
  ready(): string[]
  /** Puts an instance in, or in another place. */
  set(name: string, target: Target): void
  /** Connections no instance took. */
  readonly refused: number
  close(): Promise<void>
}

/** Starts it; readiness is asked every `probeMs`. */
export async function startBalancer(probeMs: number): Promise<Balancer> {
  const targets = new Map<string, Target & { ready: boolean }>()
  const sockets = new Set<Socket>()
  let turn = 0
  let refused = 0
  const server = createServer({ noDelay: true }, (client) => {
    const ready = [...targets.values()].filter((target) => target.ready)
    const target = ready[turn++ % ready.length]
    if (target !== undefined)
      return join(client, connect({ port: target.port, host: '127.0.0.1', noDelay: true }), sockets)
    refused++
    client.destroy()
  })
  const timer = setInterval(() => {
    for (const target of targets.values()) isReady(target.readyPort, (ready) => (target.ready = ready))
  }, probeMs)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    ready: () => [...targets].filter(([, target]) => target.ready).map(([name]) => name),
    set: (name, target) => void targets.set(name, { ...target, ready: false }),
    get refused() {
      return refused
    },
    async close() {
      clearInterval(timer)
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** What one side says the other hears, ends and resets included. */
function join(client: Socket, instance: Socket, sockets: Set<Socket>): void {
  for (const [from, to] of [
    [client, instance],
    [instance, client],
  ] as const) {
    sockets.add(from)
    from.on('error', () => to.resetAndDestroy())
    from.once('close', () => sockets.delete(from))
    from.pipe(to)
  }
}

function isReady(port: number, tell: (ready: boolean) => void): void {
  const req = request({ port, host: '127.0.0.1', path: '/readyz', agent: false, timeout: 1000 }, (res) => {
    res.resume()
    tell(res.statusCode === 200)
  })
  req.on('timeout', () => req.destroy())
  req.on('error', () => tell(false))
  req.end()
}
