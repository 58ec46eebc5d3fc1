/** The demo's machinery: database, Redis, collector and the three services, started in order and stopped in reverse. */
import { createFaultProxy, type FaultProxy } from '@ops/testing'
import { type Collector, PLACEHOLDERS, startCollector, startPostgres } from '@ops-examples/local'
import { startLocalRedis } from '../../../../scripts/local-redis.mjs'
import { choosePort, ServiceProcess } from './service-process.ts'

/** All that runs. */
export interface Fleet {
  readonly orders: ServiceProcess
  readonly pricing: ServiceProcess
  readonly worker: ServiceProcess
  readonly collector: Collector
  /** What stands between orders and pricing. */
  readonly network: FaultProxy
  readonly redisUrl: string
  readonly ports: {
    readonly orders: number
    readonly ordersOps: number
    readonly pricingOps: number
    readonly workerOps: number
  }
  /** Stops all; resolves to the exit codes of the services by name. */
  stop(): Promise<Readonly<Record<string, number | null>>>
}

/** Starts everything and resolves once all services are ready. */
export async function startFleet(): Promise<Fleet> {
  const stops: (() => Promise<unknown>)[] = []
  const services: ServiceProcess[] = []
  const stop = async () => {
    const codes = await Promise.all(services.map(async (service) => [service.name, await service.stop()] as const))
    for (const one of stops.reverse()) await one()
    return Object.fromEntries(codes)
  }
  try {
    const redis = process.env['REDIS_URL']
      ? { url: process.env['REDIS_URL'] }
      : await withStop(startLocalRedis(), stops)
    const postgres = process.env['DATABASE_URL']
      ? { url: process.env['DATABASE_URL'] }
      : await withStop(startPostgres(), stops)
    const collector = await withStop(startCollector(), stops)
    const ports = {
      orders: await choosePort(3000),
      ordersOps: await choosePort(9090),
      pricing: await choosePort(3001),
      pricingOps: await choosePort(9091),
      workerOps: await choosePort(9092),
    }
    const network = await createFaultProxy({ port: ports.pricing })
    stops.push(() => network.close())
    const shared = {
      ...PLACEHOLDERS,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      PRICING_URL: `http://127.0.0.1:${network.port}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? collector.url,
      DRAIN_DELAY_MS: '200',
      DRAIN_DEADLINE_MS: '10000',
    }
    const start = (name: string, program: string, env: Readonly<Record<string, string>>, restart = false) => {
      const service = new ServiceProcess({
        name,
        program: new URL(program, import.meta.url),
        env: { ...shared, ...env },
        restart,
      })
      services.push(service)
      return service
    }
    const pricing = start('pricing', '../pricing/main.ts', {
      PORT: String(ports.pricing),
      OPS_PORT: String(ports.pricingOps),
    })
    const orders = start('orders', '../../../fastify/src/main.ts', {
      PORT: String(ports.orders),
      OPS_PORT: String(ports.ordersOps),
    })
    const worker = start('fulfilment-worker', '../worker/main.ts', { OPS_PORT: String(ports.workerOps) }, true)
    await Promise.all([pricing.ready(), orders.ready(), worker.ready()])
    return { orders, pricing, worker, collector, network, redisUrl: redis.url, ports, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function withStop<T extends { stop(): Promise<unknown> }>(
  starting: Promise<T>,
  stops: (() => Promise<unknown>)[],
): Promise<T> {
  const started = await starting
  stops.push(() => started.stop())
  return started
}
