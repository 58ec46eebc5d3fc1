/**
 * The path of a record: gate, sample, write, hand over. Shared by a logger and all its children. Never throws: a record
 * that cannot be written as it is becomes a line that says so.
 */
import { type Clock, currentContext, noopMeter, systemClock, type WorkContext } from '@ops/core'
import { type Bindings, bindingsJson } from './bindings.ts'
import { type Call, joinMembers, parseCall, readCall, sampleKey } from './call.ts'
import { type Counters, createCounters, type DropReason, publishCounters } from './counters.ts'
import { createFlightRecorder, type FlightRecorder } from './flight-recorder.ts'
import { createIdentity } from './identity.ts'
import { type LevelChange, Levels } from './levels.ts'
import { createHeads, type LineHeads, writeTail } from './line.ts'
import type { LoggerOptions } from './options.ts'
import { createOutput } from './output/create-output.ts'
import type { LogOutput } from './output/destination.ts'
import { messageOf } from './redact/markers.ts'
import { createPolicy, type Policy } from './redact/policy.ts'
import type { Writer } from './redact/writer.ts'
import { createSampler, type Sampler } from './sampler.ts'
import { createTimestamps } from './timestamps.ts'

const INFO = 1
const ERROR = 3
const MAX_NESTING = 4
const NO_ARGS: readonly unknown[] = []

/** What a log method was called with. */
export interface LogArguments {
  readonly first: unknown
  readonly second: unknown
  readonly rest: readonly unknown[]
}

/** Everything a logger and its children share. */
export class Recorder {
  readonly policy: Policy
  readonly levels: Levels
  readonly #options: LoggerOptions
  readonly #clock: Clock
  readonly #counters: Counters = createCounters()
  readonly #output: LogOutput
  readonly #audit: LogOutput
  readonly #timestamp: () => string
  readonly #identity: (context: WorkContext | undefined) => string
  readonly #sampler: Sampler | undefined
  readonly #flight: FlightRecorder | undefined
  readonly #stopCounting: () => void
  /** What every record carries. */
  readonly root: Bindings
  #heads: LineHeads
  #nesting = 0

  constructor(options: LoggerOptions, root: (policy: Policy) => Bindings) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.policy = createPolicy(options)
    this.root = root(this.policy)
    this.levels = new Levels({
      level: options.level ?? 'info',
      clock: this.#clock,
      keepAll: options.flightRecorder !== undefined,
      onChange: (change) => this.#reportLevel(change),
    })
    const onDrop = (reason: DropReason, lines: number): void => {
      this.#counters.dropped[reason] += lines
    }
    this.#output = createOutput(options, this.#clock, onDrop)
    this.#audit =
      options.audit === undefined
        ? this.#output
        : createOutput({ ...options, destination: options.audit, pretty: false }, this.#clock, onDrop)
    this.#timestamp = createTimestamps(this.#clock)
    this.#identity = createIdentity(this.policy.writer)
    this.#heads = createHeads(this.policy, options)
    this.#sampler =
      options.sample === undefined
        ? undefined
        : createSampler(options.sample, this.#clock, (rank, message, suppressed) =>
            this.#summarise(rank, message, suppressed),
          )
    this.#flight = options.flightRecorder === undefined ? undefined : createFlightRecorder(options.flightRecorder)
    this.#stopCounting = publishCounters(options.meter ?? noopMeter, this.#counters, this.policy.hits)
  }
  /** Writes what a log method was called with, or keeps, samples or discards it. */
  record(rank: number, bindings: Bindings, args: LogArguments, context: WorkContext | undefined): void {
    if (this.#nesting >= MAX_NESTING) {
      this.#counters.dropped.recursion++
      return
    }
    this.#nesting++
    try {
      this.#route(rank, bindings, parseCall(args.first, args.second, args.rest), context)
    } catch (error) {
      this.#writeBroken(rank, error)
    } finally {
      this.#nesting--
    }
  }

  /** Writes to the audit stream, whatever the level and the sampling. */
  audit(bindings: Bindings, call: Call): void {
    try {
      const { auditWriter } = this.policy
      this.#counters.lines[INFO] = (this.#counters.lines[INFO] as number) + 1
      this.#audit.write(this.#render(this.#currentHeads().audit, auditWriter, bindings, call, currentContext()))
    } catch (error) {
      this.#writeBroken(INFO, error)
    }
  }

  /** True when a record of this rank would be written now. */
  isEnabled(rank: number, component: string | undefined): boolean {
    if (rank < this.levels.floor) return false
    return !this.levels.scoped || rank >= this.levels.rankOf(component, currentContext()?.tenant)
  }

  /** Hands over everything that is held back, waiting for slow readers. */
  flush(): void {
    this.#sampler?.settle()
    this.#output.flush()
    if (this.#audit !== this.#output) this.#audit.flush()
  }

  /** Ends timers and hands over what is held back within `timeoutMs`; records that come later are still written. */
  async close(timeoutMs: number): Promise<void> {
    this.#sampler?.settle()
    this.levels.close()
    this.#stopCounting()
    this.policy.stop()
    const outputs = this.#audit === this.#output ? [this.#output] : [this.#output, this.#audit]
    await Promise.all(outputs.map((output) => output.close(timeoutMs)))
  }

  #route(rank: number, bindings: Bindings, call: Call, context: WorkContext | undefined): void {
    const heads = this.#currentHeads()
    const head = heads.lines[rank] as string
    if (this.levels.scoped && rank < this.levels.rankOf(bindings.component, context?.tenant)) {
      if (this.#flight === undefined || context === undefined) return
      this.#flight.keep(context.requestId, rank, this.#render(head, this.policy.writer, bindings, call, context))
      return
    }
    const failing = rank >= ERROR || context?.keepReason !== undefined
    if (this.#sampler !== undefined && !failing && !this.#sampler.allows(rank, sampleKey(call))) {
      this.#counters.suppressed[rank] = (this.#counters.suppressed[rank] as number) + 1
      return
    }
    const line = this.#render(head, this.policy.writer, bindings, call, context)
    if (this.#flight !== undefined && failing && context !== undefined) {
      for (const kept of this.#flight.take(context.requestId)) this.#write(kept.rank, kept.line)
    }
    this.#write(rank, line)
  }

  #write(rank: number, line: string): void {
    const { lines } = this.#counters
    lines[rank] = (lines[rank] as number) + 1
    this.#output.write(line)
  }

  /** Concatenates rather than collects: this runs for every line. */
  #render(head: string, writer: Writer, bindings: Bindings, call: Call, context: WorkContext | undefined): string {
    const json = readCall(writer, call)
    const bound = bindings.json === '' ? '' : bindingsJson(this.policy, bindings, call.fields)
    const mixed =
      this.#options.mixin === undefined ? bound : joinMembers(bound, this.#mixed(this.#options.mixin, writer))
    const tail = writeTail(joinMembers(mixed, json.fields), json.error)
    const start = `{"timestamp":"${this.#timestamp()}${head}`
    const identity = this.#identity(context)
    return json.message === undefined ? start + identity + tail : `${start},"message":${json.message}${identity}${tail}`
  }

  #mixed(mixin: () => object, writer: Writer): string {
    try {
      return writer.fields(mixin())
    } catch (error) {
      return `"mixin":${writer.throwsMarker(error)}`
    }
  }

  #currentHeads(): LineHeads {
    if (this.#heads.version !== this.policy.version) this.#heads = createHeads(this.policy, this.#options)
    return this.#heads
  }

  /** What is left of a record that could not be rendered. */
  #writeBroken(rank: number, error: unknown): void {
    const message = this.policy.writer.string(`[Throws: ${messageOf(error)}]`)
    this.#write(rank, `{"timestamp":"${this.#timestamp()}${this.#heads.lines[rank]},"message":${message}}\n`)
  }

  /** Records of the logger's own, which no level and no sampling holds back. */
  #own(rank: number, message: string, fields: object): void {
    const call: Call = { fields, error: undefined, message, args: NO_ARGS }
    const head = this.#currentHeads().lines[rank] as string
    this.#write(rank, this.#render(head, this.policy.writer, this.root, call, currentContext()))
  }

  #summarise(rank: number, message: string, suppressed: number): void {
    this.#own(rank, message, { suppressed })
  }

  #reportLevel({ expiresAt, reverted, ...change }: LevelChange): void {
    const expires_at = expiresAt === undefined ? undefined : new Date(expiresAt)
    this.#own(INFO, reverted ? 'log level reverted' : 'log level changed', { ...change, expires_at })
  }
}
