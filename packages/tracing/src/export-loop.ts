/**
 * Delivers queued spans in batches, one at a time, off the callers' path: waits a little for company, backs off while the
 * collector is away, and gives up on a batch only when it was refused for good.
 */
import { context as otelContext } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Clock, Logger, Random, Timer } from '@ops/core'
import { deliver } from './delivery.ts'
import { TracingExportError } from './errors.ts'
import type { Exit, ParcelExporter } from './exit.ts'
import type { ExportQueue, QueuedSpan } from './export-queue.ts'
import type { DropCounts } from './limits.ts'
import type { ResolvedExport } from './options.ts'
import type { Priority } from './segment-buffer.ts'
import { SUPPRESSED } from './suppression.ts'

const FIRST_BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 30_000

/** What the loop works with. */
export interface ExportLoopOptions extends ResolvedExport {
  readonly queue: ExportQueue
  readonly exit: Exit
  readonly drops: DropCounts
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** Whose request a span came from must not matter: neither its ids in our log lines, nor its context kept alive by our timer. */
function apart<T>(fn: () => T): T {
  return otelContext.with(SUPPRESSED, fn)
}

/** See the top of the file. */
export class ExportLoop {
  /** Spans delivered. */
  exported = 0
  /** Exports tried, by outcome. */
  readonly exports = { delivered: 0, retried: 0, rejected: 0 }
  /** What the latest export failed with; undefined when it did not. */
  failure: TracingExportError | undefined = undefined
  readonly #options: ExportLoopOptions
  #exporter: Promise<ParcelExporter> | undefined = undefined
  #timer: Timer | undefined = undefined
  #timerIsBackoff = false
  #running: Promise<void> | undefined = undefined
  #failures = 0
  #closed = false

  constructor(options: ExportLoopOptions) {
    this.#options = options
  }

  /** Loads the exporter ahead of the first export. */
  warmUp(): void {
    this.#load().catch(() => {})
  }

  /** Takes a span; it leaves with the next batch. */
  push(span: ReadableSpan, priority: Priority): void {
    const { exit, queue, drops, maxBatchSpans, delayMs } = this.#options
    if (this.#closed) {
      drops.shutdown++
      return
    }
    drops.queue_full += queue.push({ parcel: exit.pack(span), priority })
    if (this.#running !== undefined || this.#timerIsBackoff) return
    if (queue.size >= maxBatchSpans) this.#schedule(0)
    else if (this.#timer === undefined) this.#schedule(delayMs)
  }

  /** Delivers what is queued; gives up at the first failure. Never rejects. */
  async flush(): Promise<void> {
    await this.#running
    this.#cancelTimer()
    await this.#start()
  }

  /** Delivers what it can, counts the rest as lost, and closes the exporter. */
  async close(): Promise<void> {
    await this.flush()
    this.#closed = true
    this.#cancelTimer()
    const { queue, drops } = this.#options
    drops.shutdown += queue.take(queue.size).length
    const exporter = await this.#exporter?.catch(() => undefined)
    await exporter
      ?.shutdown()
      .catch((error: unknown) => this.#options.logger.warn({ error }, 'span exporter did not close'))
  }

  #schedule(delayMs: number, isBackoff = false): void {
    if (this.#timer !== undefined && delayMs > 0) return
    this.#cancelTimer()
    this.#timerIsBackoff = isBackoff
    const { clock } = this.#options
    this.#timer = apart(() =>
      clock.setTimeout(() => {
        this.#cancelTimer()
        this.#start()
      }, delayMs),
    )
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerIsBackoff = false
  }

  #start(): Promise<void> {
    this.#running ??= apart(() => this.#drain()).finally(() => {
      this.#running = undefined
      if (this.#closed || this.#options.queue.size === 0) return
      if (this.#failures > 0) this.#schedule(this.#backoffMs(), true)
      else this.#schedule(this.#options.delayMs)
    })
    return this.#running
  }

  /** Batch after batch until nothing is left or one fails. */
  async #drain(): Promise<void> {
    const { queue, maxBatchSpans } = this.#options
    while (queue.size > 0) {
      const batch = queue.take(maxBatchSpans)
      const failure = await this.#send(batch)
      this.#note(failure)
      if (failure === undefined) this.exported += batch.length
      else if (failure.retryable) {
        this.#options.drops.queue_full += queue.putBack(batch)
        return
      } else this.#options.drops.rejected += batch.length
    }
  }

  async #send(batch: readonly QueuedSpan[]): Promise<TracingExportError | undefined> {
    const { clock, timeoutMs } = this.#options
    try {
      const exporter = await this.#load()
      const resource = batch[0]?.parcel.resource
      // The SDK's detectors may still be looking, and then exporters would read half a resource.
      if (resource?.asyncAttributesPending === true) await resource.waitForAsyncAttributes?.()
      return await deliver(
        exporter,
        batch.map((item) => item.parcel),
        { clock, timeoutMs },
      )
    } catch (error) {
      return new TracingExportError('the exporter did not load', { retryable: true, cause: error })
    }
  }

  #load(): Promise<ParcelExporter> {
    this.#exporter ??= this.#options.exit.load().catch((error: unknown) => {
      this.#exporter = undefined
      throw error
    })
    return this.#exporter
  }

  /** One line when delivery breaks and one when it works again, however long it takes. */
  #note(failure: TracingExportError | undefined): void {
    const { logger, queue } = this.#options
    const before = this.failure
    this.failure = failure
    this.#failures = failure === undefined || !failure.retryable ? 0 : this.#failures + 1
    this.exports[failure === undefined ? 'delivered' : failure.retryable ? 'retried' : 'rejected']++
    if (failure !== undefined && before?.message !== failure.message) {
      logger.warn({ error: failure, queued: queue.size }, 'spans are not delivered')
    }
    if (failure === undefined && before !== undefined) logger.info({ queued: queue.size }, 'spans are delivered again')
  }

  /** Full jitter: many processes must not return to the collector together. */
  #backoffMs(): number {
    const ceiling = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 16))
    return Math.max(1, Math.round(ceiling * this.#options.random.next()))
  }
}
