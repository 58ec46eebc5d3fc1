/** Observation of one client: how its commands and its connection fare, as metrics, spans and log lines. */

import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type Clock, type Instruments, type Logger, type Meter, noopMeter, silentLogger, systemClock } from '@ops/core'
import type { Cluster, Command, Redis } from 'ioredis'
import { redisMetrics } from './metrics.ts'
import type { RedisOptions } from './options.ts'

const COMMAND_NAME = /^[a-z][a-z0-9._|-]{0,31}$/
const MAX_COMMAND_NAMES = 300

type RedisInstruments = Instruments<typeof redisMetrics>
type Observe = (ok: boolean, seconds: number) => void

/** Wraps `client.sendCommand` and listens to the connection. */
export function observeClient(client: Redis | Cluster, options: RedisOptions): void {
  const { name, meter = noopMeter, logger = silentLogger } = options
  const instruments = meter.instruments(redisMetrics)
  observeConnection(client, { name, logger, meter, instruments })
  observeCommands(client, { name, instruments, clock: options.clock ?? systemClock })
}

interface ConnectionObservation {
  readonly name: string
  readonly logger: Logger
  readonly meter: Meter
  readonly instruments: RedisInstruments
}

function observeConnection(client: Redis | Cluster, to: ConnectionObservation): void {
  const up = to.instruments.up.bind({ client: to.name })
  const disconnects = to.instruments.disconnects.bind({ client: to.name })
  const stopCollecting = to.meter.onCollect(() => up.set(client.status === 'ready' ? 1 : 0), {
    name: `redis_${to.name}`,
  })
  let down = false
  let ended = false
  client.on('ready', () => {
    if (down) to.logger.info({ client: to.name }, 'redis connection is back')
    down = false
  })
  client.on('close', () => disconnects.inc())
  // One line an outage: ioredis reports an error for each attempt.
  const onError = (error: Error): void => {
    if (!down && !ended) to.logger.warn({ client: to.name, error }, 'redis connection failed')
    down = true
  }
  client.on('error', onError)
  // A Cluster keeps what it meets at its nodes from the event that everybody listens to.
  client.on('node error', onError)
  client.on('end', () => {
    ended = true
    up.set(0)
    stopCollecting()
  })
}

interface CommandObservation {
  readonly name: string
  readonly instruments: RedisInstruments
  readonly clock: Clock
}

function observeCommands(client: Redis | Cluster, { name, instruments, clock }: CommandObservation): void {
  const observers = new Map<string, Observe>()
  const observerOf = (command: string): Observe => {
    const label = COMMAND_NAME.test(command) && observers.size < MAX_COMMAND_NAMES ? command : '_other'
    const ok = instruments.duration.bind({ client: name, command: label, result: 'ok' })
    const error = instruments.duration.bind({ client: name, command: label, result: 'error' })
    const observe: Observe = (succeeded, seconds) => (succeeded ? ok : error).observe(seconds)
    if (observers.size < MAX_COMMAND_NAMES) observers.set(command, observe)
    return observe
  }
  const send = client.sendCommand.bind(client) as (command: Command, ...rest: unknown[]) => unknown
  const observed = (command: Command, ...rest: unknown[]): unknown => {
    const startedAt = clock.monotonic()
    const observe = observers.get(command.name) ?? observerOf(command.name)
    const span = startSpan(name, command.name)
    command.promise.then(
      () => {
        observe(true, (clock.monotonic() - startedAt) / 1000)
        span?.end()
      },
      (error: unknown) => {
        observe(false, (clock.monotonic() - startedAt) / 1000)
        endFailedSpan(span, error)
      },
    )
    return send(command, ...rest)
  }
  Object.assign(client, { sendCommand: observed })
}

/** Only inside a span that records: a command alone is no trace worth keeping. */
function startSpan(client: string, command: string): Span | undefined {
  if (trace.getActiveSpan()?.isRecording() !== true) return undefined
  return trace.getTracer('@ops/redis').startSpan(`redis ${command}`, {
    kind: SpanKind.CLIENT,
    attributes: { 'db.system.name': 'redis', 'db.operation.name': command, 'ops.redis.client': client },
  })
}

function endFailedSpan(span: Span | undefined, error: unknown): void {
  if (span === undefined) return
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
  span.setAttribute('error.type', error instanceof Error ? error.name : 'error')
  span.end()
}
