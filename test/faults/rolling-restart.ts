/** Two instances behind the balancer, clients that never pause, and one restart after the other. */
import { type Balancer, startBalancer } from './balancer.ts'
import { startClients, type Tally } from './clients.ts'
import { type Instance, startInstance } from './instance.ts'

/** What is restarted, and how hard. */
export interface RollingRestartOptions {
  readonly script: URL
  readonly args?: readonly string[]
  readonly clients: number
  /** Rounds; each restarts both instances. */
  readonly rounds: number
  /** Requests that must have succeeded between two restarts. */
  readonly requestsBetween: number
  readonly pauseMs?: number
  readonly probeMs?: number
  /** What the platform waits between SIGTERM and SIGKILL. */
  readonly graceMs?: number
}

/** What came of it. */
export interface RollingRestartResult extends Tally {
  readonly exits: readonly (number | string)[]
  /** How long each instance took from the signal to its end. */
  readonly stopMs: readonly number[]
}

const NAMES = ['a', 'b'] as const

/** Runs it. */
export async function rollingRestart(options: RollingRestartOptions): Promise<RollingRestartResult> {
  const balancer = await startBalancer(options.probeMs ?? 50)
  const instances = new Map<string, Instance>()
  const exits: (number | string)[] = []
  const stopMs: number[] = []
  try {
    for (const name of NAMES) await begin(name, { options, balancer, instances })
    const { tally, stop } = startClients({
      port: balancer.port,
      count: options.clients,
      pauseMs: options.pauseMs ?? 20,
    })
    const pass = async () => {
      const enough = tally.succeeded + options.requestsBetween
      await until(() => tally.succeeded >= enough)
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const name of NAMES) {
        await pass()
        const startMs = performance.now()
        exits.push((await instances.get(name)?.terminate(options.graceMs ?? 6000)) ?? 'missing')
        stopMs.push(Math.round(performance.now() - startMs))
        await begin(name, { options, balancer, instances })
      }
    }
    await pass()
    await stop()
    return { ...tally, exits, stopMs }
  } finally {
    for (const instance of instances.values()) instance.kill()
    await balancer.close()
  }
}

interface Stage {
  readonly options: RollingRestartOptions
  readonly balancer: Balancer
  readonly instances: Map<string, Instance>
}

/** Starts an instance and waits until the balancer has seen it ready. */
async function begin(name: string, { options, balancer, instances }: Stage): Promise<void> {
  const instance = await startInstance(options.script, options.args)
  instances.set(name, instance)
  balancer.set(name, { port: instance.ports.app, readyPort: instance.ports.ready })
  await until(() => balancer.ready().includes(name))
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`gave up waiting until ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
