/** Starts tracing: our provider behind OpenTelemetry's API, on core's context. */
import { propagation, type Tracer, trace } from '@opentelemetry/api'
import { registerContextManager, silentLogger } from '@ops/core'
import type { TracingOptions } from './options.ts'
import { createPipeline } from './pipeline.ts'
import { w3cPropagator } from './propagator.ts'
import { createProvider } from './provider.ts'
import { Recorder } from './recorder.ts'
import type { TracingStatus } from './status.ts'

/** Running tracing. */
export interface Tracing {
  /** A tracer of this provider; `trace.getTracer` of the API gives the same. */
  tracer(name: string, version?: string): Tracer
  /** Delivers the spans that are decided; gives up at the first failure. Never rejects. */
  flush(): Promise<void>
  /** Decides and delivers everything, closes the exporter and leaves the API. Spans made later record nothing. Never rejects. */
  shutdown(): Promise<void>
  /** How it does. */
  status(): TracingStatus
}

/**
 * Starts tracing and registers it with OpenTelemetry's API, also for tracers obtained before.
 * Where another provider, context manager or propagator is registered already, it stays and a warning is logged.
 *
 * @throws TypeError or RangeError for options outside their range.
 * @example
 * const tracing = startTracing({ service: 'orders', env: 'production', export: { otlp: 'http://localhost:4318' } })
 */
export function startTracing(options: TracingOptions): Tracing {
  const pipeline = createPipeline(options)
  const recorder = new Recorder(pipeline.clock, pipeline.policy, pipeline.buffer)
  pipeline.onSweep(() => recorder.anchor())
  const provider = createProvider(recorder)
  const registered = register(provider, options)
  let closing: Promise<void> | undefined
  return {
    tracer: (name, version) => provider.getTracer(name, version),
    flush: () => pipeline.flush(),
    shutdown() {
      closing ??= pipeline.close()
      recorder.recording = false
      if (registered.provider) trace.disable()
      if (registered.propagator) propagation.disable()
      registered.provider = false
      registered.propagator = false
      return closing
    },
    status: () => pipeline.status(),
  }
}

interface Registered {
  provider: boolean
  propagator: boolean
}

function register(provider: ReturnType<typeof createProvider>, options: TracingOptions): Registered {
  const { logger = silentLogger } = options
  if (!registerContextManager())
    logger.warn('another OpenTelemetry context manager is registered: contexts do not meet')
  const registered = {
    provider: trace.setGlobalTracerProvider(provider),
    propagator: propagation.setGlobalPropagator(w3cPropagator),
  }
  if (!registered.provider) logger.warn('another OpenTelemetry tracer provider is registered: its spans are not ours')
  return registered
}
