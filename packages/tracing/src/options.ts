/** Options of the tracer, their defaults and their checks. */
import type { Attributes } from '@opentelemetry/api'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Clock, Lifecycle, Logger, Meter, Random, Scrubber } from '@ops/core'
import { DEFAULT_LIMITS, type TracingLimits } from './limits.ts'

/** What to do with traces whose root has a certain name. A rule can raise what the head decided, never lower it. */
export interface SampleRule {
  /** The root span's name when it ends (`GET /orders/:id`), or a pattern for it. */
  readonly name: string | RegExp
  /** Share of these traces that is kept, 0 to 1. Goes downstream where the name is known at the start. @defaultValue the general one */
  readonly head?: number
  /** Keeps these when the root lasts at least so long, in milliseconds. From 0. @defaultValue the general one */
  readonly slowerThanMs?: number
}

/** Which traces are kept. */
export interface SampleOptions {
  /** Share of new traces sampled at the head, 0 to 1; a trusted caller's decision goes first. @defaultValue 0.01 in `production`, 1 in `development`, else 0.1 ({@link SAMPLING_PRESETS}) */
  readonly head?: number
  /** Keeps every segment with an error in it: status ERROR, or a response status of 500 and above. @defaultValue true */
  readonly errors?: boolean
  /** Keeps segments whose root lasts at least so long, in milliseconds. From 0. @defaultValue none */
  readonly slowerThanMs?: number
  /** Exceptions by name; the first that matches counts. @defaultValue none */
  readonly rules?: readonly SampleRule[]
}

/** Where kept spans go, and how. */
export interface ExportOptions {
  /** OTLP over HTTP endpoint, as in `OTEL_EXPORTER_OTLP_ENDPOINT`; `/v1/traces` is added unless it ends so. @defaultValue none */
  readonly otlp?: string | undefined
  /** Headers of OTLP requests. @defaultValue none */
  readonly headers?: Readonly<Record<string, string>>
  /** Any exporter of OpenTelemetry's SDK, in place of `otlp`. @defaultValue none */
  readonly exporter?: SpanExporter | undefined
  /** Spans that wait at most; beyond, healthy ones go before failing ones. Integer from 1. @defaultValue 10_000 */
  readonly maxQueueSpans?: number
  /** Spans of one request. Integer from 1. @defaultValue 512 */
  readonly maxBatchSpans?: number
  /** How long a span waits for company, in milliseconds. From 1. @defaultValue 1000 */
  readonly delayMs?: number
  /** How long one export may take before it counts as failed, in milliseconds. From 1. @defaultValue 10_000 */
  readonly timeoutMs?: number
}

/** Options of `startTracing`. */
export interface TracingOptions {
  /** `service.name`. */
  readonly service: string
  /** `service.version`. @defaultValue none */
  readonly version?: string | undefined
  /** `deployment.environment.name`; `production` and `development` have sampling presets. @defaultValue none */
  readonly env?: string | undefined
  /** More attributes of the resource. @defaultValue none */
  readonly resource?: Attributes
  /** @defaultValue see {@link SampleOptions} */
  readonly sample?: SampleOptions
  /** Without `otlp` and `exporter` spans are made (so ids and flags flow) and none leaves the process. @defaultValue none */
  readonly export?: ExportOptions
  /** Bounds of the buffer. @defaultValue see {@link TracingLimits} */
  readonly limits?: Partial<TracingLimits>
  /** Applied to names, attributes and events of kept spans on their way out. @defaultValue none */
  readonly scrubber?: Scrubber
  /** @defaultValue one that records nothing */
  readonly meter?: Meter
  /** @defaultValue one that writes nothing */
  readonly logger?: Logger
  /** Flushes on drain and on a crash. @defaultValue none */
  readonly lifecycle?: Lifecycle
  /** @defaultValue the system's */
  readonly clock?: Clock
  /** Jitter of the backoff. @defaultValue the system's */
  readonly random?: Random
}

/** Head ratio by environment, where `sample.head` does not say. */
export const SAMPLING_PRESETS: Readonly<Record<string, number>> = { production: 0.01, development: 1 }
/** Head ratio of all other environments. */
const DEFAULT_HEAD_RATIO = 0.1

/** {@link SampleOptions} with nothing left open. */
export interface ResolvedSample {
  readonly head: number
  readonly errors: boolean
  readonly slowerThanMs: number
  readonly rules: readonly SampleRule[]
}

/** {@link ExportOptions} with nothing left open but where to. */
export interface ResolvedExport {
  readonly maxQueueSpans: number
  readonly maxBatchSpans: number
  readonly delayMs: number
  readonly timeoutMs: number
}

/** @throws RangeError for a ratio or duration outside its range. */
export function resolveSample(sample: SampleOptions = {}, env?: string): ResolvedSample {
  const preset = env !== undefined && Object.hasOwn(SAMPLING_PRESETS, env) ? SAMPLING_PRESETS[env] : undefined
  const { head = preset ?? DEFAULT_HEAD_RATIO, errors = true, slowerThanMs = Infinity, rules = [] } = sample
  assertBetween('sample.head', head, 0, 1)
  assertBetween('sample.slowerThanMs', slowerThanMs, 0, Infinity)
  for (const [index, rule] of rules.entries()) {
    if (rule.head !== undefined) assertBetween(`sample.rules[${index}].head`, rule.head, 0, 1)
    if (rule.slowerThanMs !== undefined) {
      assertBetween(`sample.rules[${index}].slowerThanMs`, rule.slowerThanMs, 0, Infinity)
    }
  }
  return { head, errors, slowerThanMs, rules }
}

/** @throws RangeError for a bound outside its range; TypeError for an endpoint that is no HTTP URL, or two destinations. */
export function resolveExport(options: ExportOptions = {}): ResolvedExport {
  const { otlp, exporter, maxQueueSpans = 10_000, maxBatchSpans = 512, delayMs = 1000, timeoutMs = 10_000 } = options
  if (otlp !== undefined && exporter !== undefined) {
    throw new TypeError('Cannot export to both export.otlp and export.exporter: expected one of them')
  }
  if (otlp !== undefined && otlp !== '') assertEndpoint(otlp)
  assertInteger('export.maxQueueSpans', maxQueueSpans)
  assertInteger('export.maxBatchSpans', maxBatchSpans)
  assertBetween('export.delayMs', delayMs, 1, 2_147_483_647)
  assertBetween('export.timeoutMs', timeoutMs, 1, 2_147_482_647)
  return { maxQueueSpans, maxBatchSpans, delayMs, timeoutMs }
}

/** @throws RangeError for a bound outside its range. */
export function resolveLimits(limits: Partial<TracingLimits> = {}): TracingLimits {
  const resolved = { ...DEFAULT_LIMITS, ...limits }
  assertInteger('limits.maxSegments', resolved.maxSegments)
  assertInteger('limits.maxSpansPerSegment', resolved.maxSpansPerSegment)
  assertInteger('limits.maxSpans', resolved.maxSpans)
  assertBetween('limits.maxAgeMs', resolved.maxAgeMs, 1, Infinity)
  assertBetween('limits.lateChildrenMs', resolved.lateChildrenMs, 0, Infinity)
  return resolved
}

/** @throws TypeError for an empty name. */
export function assertService(service: string): void {
  if (typeof service !== 'string' || service === '') {
    throw new TypeError(`Cannot start tracing: service is ${JSON.stringify(service)}, expected a name`)
  }
}

function assertEndpoint(endpoint: string): void {
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new TypeError('Cannot use export.otlp: not a URL, expected http:// or https:// and a host')
  }
}

function assertInteger(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`Cannot use ${what} ${value}: expected an integer >= 1`)
}

function assertBetween(what: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw new RangeError(`Cannot use ${what} ${value}: expected ${min} to ${max}`)
}
