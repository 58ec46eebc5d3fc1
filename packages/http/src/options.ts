/** What the request path needs from the service, by port. */
import type { IncomingMessage } from 'node:http'
import type { Clock, Logger, Meter } from '@ops/core'
import type { Trust } from './trust.ts'

/** A complete answer, ready to be written. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The part of @ops/health that sits on the request path. */
export interface RequestGate {
  /** The answer of a probe path; undefined for any other path. `authorized` callers see details. */
  handle(path: string, caller?: { readonly authorized?: boolean }): Answer | undefined
  /** Undefined when the request may pass; how long to stay away when the process is overloaded. */
  admit?(priority?: string): { readonly retryAfterMs: number } | undefined
}

/** A limit for each user, `createRateLimiter` of @ops/resilience for one. Asked in the request's context. */
export interface RequestLimiter {
  /** `headers` go on every response; `allowed` false refuses with 429. */
  take(): Promise<{ readonly allowed: boolean; readonly headers: Readonly<Record<string, string>> }>
}

/** A limit of requests at once that learns from their durations, `createConcurrencyLimiter` of @ops/resilience for one. */
export interface RequestConcurrency {
  /** Undefined when there is room for one more of this priority, else how long to stay away. */
  admit(priority?: string): { readonly retryAfterMs: number } | undefined
  /** A request begins. */
  enter(): void
  /** It ended after so many milliseconds; undefined when it failed. */
  leave(durationMs: number | undefined): void
}

/** Ports and policies of a request path. */
export interface RequestPathOptions {
  /** Receives one line a request. @defaultValue silent */
  readonly logger?: Logger | undefined
  /** Receives the RED metrics. @defaultValue records nothing */
  readonly meter?: Meter | undefined
  /** Probes and overload protection on the app port. @defaultValue none */
  readonly health?: RequestGate | undefined
  /** Whose trace headers and deadlines are believed. @defaultValue 'private' */
  readonly trust?: Trust | undefined
  /** Feature a route belongs to, the `feature` label; called once a route. @defaultValue `() => 'default'` */
  readonly feature?: ((route: string) => string) | undefined
  /** Limits the requests of each user, once the identity is known; looked up at each request, so it may come later. @defaultValue none */
  readonly limiter?: RequestLimiter | undefined
  /** Limits the requests at once, before anything is done for them; probes are never refused. @defaultValue none */
  readonly concurrency?: RequestConcurrency | undefined
  /** Header by which trusted peers say how long they wait; `grpc-timeout` is read by gRPC's grammar. @defaultValue 'x-request-timeout-ms' */
  readonly timeoutHeader?: string | undefined
  /** Priority of a request for shedding: low, normal, high or critical, which is never refused. @defaultValue normal for all */
  readonly priority?: ((request: IncomingMessage) => string) | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
}

/** What adapters take: the running service, or anything that carries the same parts. */
export interface RequestPathSource {
  readonly ops: RequestPathOptions
}
