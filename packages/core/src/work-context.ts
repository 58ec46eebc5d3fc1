/** A unit of work (request, job, cron tick) as an OpenTelemetry context: one object answers both worlds. */
import { type Context, INVALID_TRACEID, ROOT_CONTEXT, type Span } from '@opentelemetry/api'
import type { TraceParent } from './headers.ts'
import { createSpanId, createTraceId } from './ids.ts'

/** Who the work is for. */
export interface Identity {
  /** The tenant, from a verified identity. */
  readonly tenant?: string | undefined
  /** The user, from a verified identity. */
  readonly userId?: string | undefined
}

/** What a unit of work starts with. Everything has a default. */
export interface WorkContextInit extends Identity {
  /** The caller's span, when the caller is trusted. */
  readonly parent?: TraceParent | undefined
  /** The caller's `tracestate`, already validated. */
  readonly traceState?: string | undefined
  /** Trace id for work without a `parent`. @defaultValue a new one */
  readonly traceId?: string | undefined
  /** 1 to 128 of `[A-Za-z0-9._-]`. @defaultValue the unit's own span id, which is as unique */
  readonly requestId?: string | undefined
  /** When the work must be done, in monotonic milliseconds of the system clock. @defaultValue none */
  readonly deadline?: number | undefined
  /** OpenTelemetry values to inherit (baggage and the like). @defaultValue none */
  readonly base?: Context | undefined
}

/** What a fork may narrow. */
export interface WorkContextFork {
  /** Applied only when nearer than the present one. */
  readonly deadline?: number | undefined
  /** Replaces the unit's own signal for what runs inside. */
  readonly signal?: AbortSignal | undefined
}

/** The context of a unit of work. Immutable but for its identity and keep mark, which all forks of one unit share. */
export interface WorkContext extends Context, Identity {
  readonly traceId: string
  /** Id of the active span; of the unit itself where no tracer runs. */
  readonly spanId: string
  readonly requestId: string
  /** The caller's span; undefined at the root of a trace. */
  readonly parent: TraceParent | undefined
  /** The caller's validated `tracestate`. */
  readonly traceState: string | undefined
  readonly span: Span | undefined
  /**
   * The span that took the unit's own ids: the first local root a tracer made in it. Set once, by the tracer; shared by
   * all forks, so that a second root does not take the same ids.
   */
  rootSpan: Span | undefined
  readonly deadline: number | undefined
  /** Aborted when the caller has gone or the work is cancelled. */
  readonly signal: AbortSignal
  /** Why the trace is to be kept whatever the sampler says; undefined when nobody asked. */
  readonly keepReason: string | undefined
  /** Grows with every {@link WorkContext.identify}: what was derived from the identity before is stale. */
  readonly revision: number
  /** Names tenant or user once they are verified. Applies to the whole unit, forks included. */
  identify(identity: Identity): void
  /** Asks the tracer to keep this trace; the first reason stays. */
  keep(reason: string): void
  /** Aborts the unit's signal; the first reason stays. */
  abort(reason: unknown): void
  /** The same unit with a nearer deadline or another signal. */
  fork(narrow: WorkContextFork): WorkContext
  setValue(key: symbol, value: unknown): WorkContext
  deleteValue(key: symbol): WorkContext
}

/** The key under which the OpenTelemetry API keeps the active span; its keys are global symbols. */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN')

/** State that all forks of a unit share. */
interface Unit {
  readonly traceId: string
  readonly spanId: string
  readonly requestId: string
  readonly parent: TraceParent | undefined
  readonly traceState: string | undefined
  readonly base: Context
  tenant: string | undefined
  userId: string | undefined
  keepReason: string | undefined
  rootSpan: Span | undefined
  revision: number
  abortReason: { readonly value: unknown } | undefined
  controller: AbortController | undefined
}

/** OpenTelemetry values set on a fork, newest first. */
interface Entry {
  readonly key: symbol
  readonly value: unknown
  readonly next: Entry | undefined
}

class Work implements WorkContext {
  readonly traceId: string
  readonly spanId: string
  /** Owned by {@link contextFragment}. */
  fragment: { readonly revision: number; readonly text: string } | undefined
  readonly #unit: Unit
  readonly #entries: Entry | undefined
  readonly span: Span | undefined
  readonly deadline: number | undefined
  readonly #signal: AbortSignal | undefined

  constructor(
    unit: Unit,
    ids: { readonly traceId: string; readonly spanId: string },
    span?: Span,
    entries?: Entry,
    narrow?: WorkContextFork,
  ) {
    this.fragment = undefined
    this.#unit = unit
    this.traceId = ids.traceId
    this.spanId = ids.spanId
    this.span = span
    this.#entries = entries
    this.deadline = narrow?.deadline
    this.#signal = narrow?.signal
  }

  get requestId(): string {
    return this.#unit.requestId
  }
  get parent(): TraceParent | undefined {
    return this.#unit.parent
  }
  get traceState(): string | undefined {
    return this.#unit.traceState
  }
  get tenant(): string | undefined {
    return this.#unit.tenant
  }
  get userId(): string | undefined {
    return this.#unit.userId
  }
  get keepReason(): string | undefined {
    return this.#unit.keepReason
  }
  get revision(): number {
    return this.#unit.revision
  }
  get rootSpan(): Span | undefined {
    return this.#unit.rootSpan
  }
  set rootSpan(span: Span | undefined) {
    this.#unit.rootSpan ??= span
  }
  /** Made on first use: most requests never ask, and an AbortController costs a microsecond. */
  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal
    const unit = this.#unit
    if (unit.controller === undefined) {
      unit.controller = new AbortController()
      if (unit.abortReason !== undefined) unit.controller.abort(unit.abortReason.value)
    }
    return unit.controller.signal
  }

  identify(identity: Identity): void {
    const unit = this.#unit
    if (identity.tenant !== undefined) unit.tenant = identity.tenant
    if (identity.userId !== undefined) unit.userId = identity.userId
    unit.revision++
  }
  keep(reason: string): void {
    this.#unit.keepReason ??= reason
  }
  abort(reason: unknown): void {
    const unit = this.#unit
    if (unit.abortReason !== undefined) return
    unit.abortReason = { value: reason }
    unit.controller?.abort(reason)
  }

  fork(narrow: WorkContextFork): WorkContext {
    const deadline = Math.min(this.deadline ?? Infinity, narrow.deadline ?? Infinity)
    return new Work(this.#unit, this, this.span, this.#entries, {
      deadline: deadline === Infinity ? undefined : deadline,
      signal: narrow.signal ?? this.#signal,
    })
  }
  getValue(key: symbol): unknown {
    if (key === SPAN_KEY) return this.span
    for (let entry = this.#entries; entry !== undefined; entry = entry.next) if (entry.key === key) return entry.value
    return this.#unit.base.getValue(key)
  }
  setValue(key: symbol, value: unknown): WorkContext {
    const narrow = { deadline: this.deadline, signal: this.#signal }
    if (key !== SPAN_KEY) return new Work(this.#unit, this, this.span, { key, value, next: this.#entries }, narrow)
    const span = value as Span | undefined
    const ids = span === undefined ? this.#unit : span.spanContext()
    // A tracer that is not installed hands out spans without ids: those of before stay.
    return new Work(this.#unit, ids.traceId === INVALID_TRACEID ? this : ids, span, this.#entries, narrow)
  }
  deleteValue(key: symbol): WorkContext {
    return this.setValue(key, undefined)
  }
}

/** Creates the context of a new unit of work; enter it with `runInContext`. */
export function createContext(init: WorkContextInit = {}): WorkContext {
  const spanId = createSpanId()
  const unit: Unit = {
    traceId: init.parent?.traceId ?? init.traceId ?? createTraceId(),
    spanId,
    requestId: init.requestId ?? spanId,
    parent: init.parent,
    traceState: init.traceState,
    base: init.base ?? ROOT_CONTEXT,
    tenant: init.tenant,
    userId: init.userId,
    keepReason: undefined,
    rootSpan: undefined,
    revision: 0,
    abortReason: undefined,
    controller: undefined,
  }
  return new Work(unit, unit, undefined, undefined, { deadline: init.deadline })
}

/**
 * Text derived from a context (a log line's identity part), rendered once per context and identity.
 * One renderer per process: the logger's.
 */
export function contextFragment(context: WorkContext, render: (context: WorkContext) => string): string {
  const work = context as Work
  if (work.fragment === undefined || work.fragment.revision !== work.revision) {
    work.fragment = { revision: work.revision, text: render(context) }
  }
  return work.fragment.text
}
