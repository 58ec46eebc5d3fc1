/** From ended spans to the exporter: policy, buffer, queue and delivery, wired once for our provider and for the SDK's. */
import { type Clock, noopMeter, silentLogger, systemClock, systemRandom } from '@ops/core'
import { createExporterExit } from './exit.ts'
import { ExportLoop } from './export-loop.ts'
import { ExportQueue } from './export-queue.ts'
import { KeptSpan, type Outlet } from './kept-span.ts'
import { createDropCounts, type DropCounts } from './limits.ts'
import { assertService, resolveExport, resolveLimits, resolveSample, type TracingOptions } from './options.ts'
import { createOtlpExit } from './otlp.ts'
import { createResource, resourceAttributes } from './resource.ts'
import { createPolicy, type Policy } from './sampling.ts'
import { SegmentBuffer, type Ship } from './segment-buffer.ts'
import { recordSelf } from './self-metrics.ts'
import type { TracingStatus } from './status.ts'
import { withThreshold } from './trace-state.ts'

const SWEEP_PERIOD_MS = 1000
/** The end of a process waits no longer for a collector, which may be what is broken: an orchestrator counts in seconds. */
const LAST_FLUSH_MS = 1500

/** The running parts. */
export interface Pipeline {
  readonly policy: Policy
  readonly clock: Clock
  readonly buffer: SegmentBuffer
  readonly queue: ExportQueue
  readonly drops: DropCounts
  /** Undefined when nothing is exported. */
  readonly loop: ExportLoop | undefined
  /** Calls `tick` with each sweep. */
  onSweep(tick: () => void): void
  /** Delivers what is decided. Never rejects. */
  flush(): Promise<void>
  /** Decides everything that is open and delivers what it can in 1.5 s: for the end of the process. Never rejects. */
  finish(): Promise<void>
  /** {@link Pipeline.finish}, then closes the exporter and stops all timers. */
  close(): Promise<void>
  status(): TracingStatus
}

/** @throws TypeError or RangeError for options outside their range. */
export function createPipeline(options: TracingOptions): Pipeline {
  assertService(options.service)
  const { clock = systemClock, meter = noopMeter, lifecycle } = options
  const policy = createPolicy(resolveSample(options.sample, options.env))
  const queue = new ExportQueue(resolveExport(options.export).maxQueueSpans)
  const drops = createDropCounts()
  const loop = createLoop(options, queue, drops)
  const ticks: (() => void)[] = []
  const buffer = new SegmentBuffer({
    limits: resolveLimits(options.limits),
    policy,
    drops,
    now: () => clock.monotonic(),
    ship: loop === undefined ? () => {} : createShip(loop, options),
  })
  const sweeps = clock.setInterval(() => {
    buffer.sweep()
    for (const tick of ticks) tick()
  }, SWEEP_PERIOD_MS)

  const stopMetrics = recordSelf(meter, { buffer, drops, loop, queue })

  const pipeline: Pipeline = {
    policy,
    clock,
    buffer,
    queue,
    drops,
    loop,
    onSweep: (tick) => ticks.push(tick),
    async flush() {
      await loop?.flush()
    },
    async finish() {
      buffer.finish()
      if (loop !== undefined) await atMost(LAST_FLUSH_MS, loop.flush(), clock)
    },
    async close() {
      sweeps.cancel()
      buffer.finish()
      stopMetrics()
      await loop?.close()
    },
    status: () => ({
      segments: buffer.segments,
      heldSpans: buffer.spans,
      queuedSpans: queue.size,
      exportedSpans: loop?.exported ?? 0,
      droppedSpans: { ...drops },
      exporter: loop === undefined ? 'off' : loop.failure === undefined ? 'ok' : 'failing',
      lastFailure: loop?.failure?.message,
    }),
  }
  lifecycle?.onFlush('tracing', () => pipeline.finish())
  loop?.warmUp()
  return pipeline
}

function createLoop(options: TracingOptions, queue: ExportQueue, drops: DropCounts): ExportLoop | undefined {
  const { clock = systemClock, random = systemRandom, logger = silentLogger } = options
  const resolved = resolveExport(options.export)
  const { otlp, exporter, headers } = options.export ?? {}
  if (exporter === undefined && (otlp === undefined || otlp === '')) return undefined
  const exit =
    exporter === undefined
      ? createOtlpExit({ endpoint: otlp as string, headers, timeoutMs: resolved.timeoutMs })
      : createExporterExit(exporter)
  return new ExportLoop({ ...resolved, exit, queue, drops, clock, random, logger })
}

function createShip(loop: ExportLoop, options: TracingOptions): Ship {
  const outlet: Outlet = { resource: createResource(resourceAttributes(options)), scrubber: options.scrubber }
  return (span, segment, verdict, priority) => {
    const reason = span === segment.root ? verdict.reason : undefined
    const traceState = withThreshold(segment.head.callerState, verdict.threshold)
    loop.push(new KeptSpan(span, { traceState, reason }, outlet), priority)
  }
}

/** Resolves when the work is done or the time is up; the work goes on. */
function atMost(limitMs: number, work: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, limitMs)
    work.finally(() => {
      timer.cancel()
      resolve()
    })
  })
}
