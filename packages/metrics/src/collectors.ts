/** Runs what must happen before an exposition. One that throws, hangs or is slow loses only itself. */
import type { Clock, Logger } from '@ops/core'

/** How a collector is known. */
export interface CollectorOptions {
  /** Value of `metrics_collector_up`'s label. @defaultValue the function's name, else `collector_<n>` */
  readonly name?: string
  /** Longest run, in milliseconds from 1. @defaultValue `collectTimeoutMs` of `createMetrics` */
  readonly timeoutMs?: number
}

interface Collector {
  readonly name: string
  readonly collect: () => void | Promise<void>
  readonly timeoutMs: number
  /** True from a run's start to its end, however late: a hanging one is not started again. */
  running: boolean
  up: boolean
}

/** What the collectors report to. */
export interface CollectorsOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly timeoutMs: number
  readonly onResult: (collector: string, up: boolean) => void
  /** A collector was removed. */
  readonly onGone: (collector: string) => void
}

export class Collectors {
  readonly #options: CollectorsOptions
  readonly #collectors = new Map<string, Collector>()
  #run: Promise<void> | undefined
  #unnamed = 0

  constructor(options: CollectorsOptions) {
    this.#options = options
  }

  add(collect: () => void | Promise<void>, options: CollectorOptions = {}): () => void {
    const name = this.#uniqueName(options.name ?? collect.name)
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs
    const collector: Collector = { name, collect, timeoutMs, running: false, up: true }
    this.#collectors.set(name, collector)
    return () => {
      if (this.#collectors.delete(name)) this.#options.onGone(name)
    }
  }

  /** Runs all at once and waits for each, at most for its timeout. Calls that meet share one run. Never rejects. */
  run(): Promise<void> {
    this.#run ??= Promise.all([...this.#collectors.values()].map((collector) => this.#collect(collector)))
      .then(() => {})
      .finally(() => {
        this.#run = undefined
      })
    return this.#run
  }

  clear(): void {
    this.#collectors.clear()
  }

  async #collect(collector: Collector): Promise<void> {
    if (collector.running) return this.#report(collector, false, 'still running')
    const { clock } = this.#options
    const started = clock.monotonic()
    collector.running = true
    try {
      const result = collector.collect()
      const inTime = result === undefined ? true : await this.#within(result, collector)
      const slow = clock.monotonic() - started > collector.timeoutMs
      this.#report(collector, inTime && !slow, `slower than ${collector.timeoutMs} ms`)
    } catch (error) {
      this.#report(collector, false, error)
    } finally {
      // A run that hangs ends, if ever, in #within.
      if (!this.#hanging.has(collector)) collector.running = false
    }
  }

  readonly #hanging = new Set<Collector>()

  #within(result: Promise<void>, collector: Collector): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimeout(() => {
        this.#hanging.add(collector)
        resolve(false)
      }, collector.timeoutMs)
      const done = () => {
        timer.cancel()
        if (this.#hanging.delete(collector)) collector.running = false
      }
      result.then(
        () => {
          done()
          resolve(true)
        },
        (error: unknown) => {
          done()
          reject(error)
        },
      )
    })
  }

  #report(collector: Collector, up: boolean, reason: unknown): void {
    this.#options.onResult(collector.name, up)
    if (up === collector.up) return
    collector.up = up
    const { logger } = this.#options
    if (up) logger.info({ collector: collector.name }, 'metrics collector works again')
    else if (reason instanceof Error) {
      logger.warn({ collector: collector.name, error: reason }, 'metrics collector failed')
    } else logger.warn({ collector: collector.name, reason: String(reason) }, 'metrics collector failed')
  }

  #uniqueName(name: string): string {
    if (name === '') return this.#uniqueName(`collector_${++this.#unnamed}`)
    if (!this.#collectors.has(name)) return name
    let n = 2
    while (this.#collectors.has(`${name}_${n}`)) n++
    return `${name}_${n}`
  }
}
