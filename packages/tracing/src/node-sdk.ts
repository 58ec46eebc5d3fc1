/** Tracing on OpenTelemetry's own Node SDK, for its instrumentations: our sampler, our tail decision, our way out. */
import { type ContextManager, type ProxyTracerProvider, trace } from '@opentelemetry/api'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node'
import { registerContextManager, silentLogger } from '@ops/core'
import type { TracingOptions } from './options.ts'
import { createPipeline } from './pipeline.ts'
import { resourceAttributes } from './resource.ts'
import { createSampler } from './sdk-sampler.ts'
import { createSegmentProcessor } from './segment-processor.ts'
import type { Tracing } from './tracing.ts'
import { createUnitIds, createUnitProvider } from './unit-tracer.ts'

/** Options of {@link startTracing} on the SDK. */
export interface NodeSdkOptions extends TracingOptions {
  /** Instrumentations of OpenTelemetry. @defaultValue none */
  readonly instrumentations?: NodeSDKConfiguration['instrumentations']
}

/**
 * Starts tracing on `@opentelemetry/sdk-node`, in place of `startTracing` of `@ops/tracing`, with the same decisions and
 * the same export. The SDK's logs and metrics stay off. Its spans cost several times those of our own provider.
 *
 * @throws TypeError or RangeError for options outside their range.
 */
export function startTracing(options: NodeSdkOptions): Tracing {
  const pipeline = createPipeline(options)
  const ids = createUnitIds()
  if (!registerContextManager()) {
    options.logger?.warn('another OpenTelemetry context manager is registered: contexts do not meet')
  }
  const sdk = new NodeSDK({
    // Core's is registered above; null, which the types leave out, keeps the SDK from bringing its own.
    contextManager: null as unknown as ContextManager,
    resource: defaultResource().merge(resourceFromAttributes(resourceAttributes(options) as Record<string, string>)),
    sampler: createSampler(pipeline.policy),
    spanProcessors: [createSegmentProcessor(pipeline)],
    idGenerator: ids,
    instrumentations: options.instrumentations ?? [],
    metricReaders: [],
    logRecordProcessors: [],
  })
  const proxy = trace.getTracerProvider() as ProxyTracerProvider
  sdk.start()
  proxy.setDelegate(createUnitProvider(proxy.getDelegate(), ids))
  let closing: Promise<void> | undefined
  return {
    tracer: (name, version) => trace.getTracer(name, version),
    flush: () => pipeline.flush(),
    shutdown() {
      closing ??= sdk.shutdown().catch((error: unknown) => {
        const { logger = silentLogger } = options
        logger.warn({ error }, 'OpenTelemetry SDK did not close')
      })
      trace.disable()
      return closing
    },
    status: () => pipeline.status(),
  }
}
