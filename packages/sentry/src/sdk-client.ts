/** The SDK, loaded when it is needed: a client of our own, without its global state, its context store or its OpenTelemetry. */
import { currentContext, type Scrubber } from '@ops/core'
import type { ErrorEvent, NodeClient } from '@sentry/node'
import { SentrySdkError } from './errors.ts'
import type { Outcome } from './metrics.ts'
import type { ReportOptions, StartSentryOptions } from './options.ts'
import { type Json, scrubEvent } from './scrub-event.ts'

type Sdk = typeof import('@sentry/node')
type TransportOptions = Parameters<Sdk['makeNodeTransport']>[0]
type Transport = ReturnType<Sdk['makeNodeTransport']>

/** Sends reports. */
export interface ReportClient {
  /** Queues a report; returns the event's id. */
  send(error: unknown, options: ReportOptions, handled: boolean, suppressed: number): string
  flush(timeoutMs: number): Promise<boolean>
  close(timeoutMs: number): Promise<void>
}

/** Tags made here from identifiers whose grammar is checked where they enter. */
const OUR_TAGS = ['service', 'tenant', 'request_id', 'error_code', 'suppressed']

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@sentry/node')
  } catch (error) {
    throw new SentrySdkError(error)
  }
}

/** The SDK's transport, with an account of what became of each envelope. */
function countingTransport(sdk: Sdk, onOutcome: (outcome: Outcome, reason?: unknown) => void) {
  return (options: TransportOptions): Transport => {
    const inner = sdk.makeNodeTransport(options)
    return {
      flush: (timeoutMs) => inner.flush(timeoutMs),
      send: async (envelope) => {
        try {
          const response = await inner.send(envelope)
          const { statusCode } = response
          // No status: the SDK's queue was full, or Sentry has asked for less.
          if (statusCode === undefined) onOutcome('dropped')
          else onOutcome(statusCode < 300 ? 'sent' : 'refused', statusCode)
          return response
        } catch (error) {
          onOutcome('failed', error)
          throw error
        }
      },
    }
  }
}

/** The last stop before the wire, and the only one that events of the SDK's own failures pass as well. */
function scrubOnTheWay(client: NodeClient, scrubber: Scrubber | undefined): void {
  client.on('beforeSendEvent', (event) => {
    const target = event as unknown as Json
    const clean = tryScrub(target, scrubber)
    for (const name of Object.keys(target)) delete target[name]
    Object.assign(target, clean)
  })
}

/** A scrubber that breaks its contract costs the report its content, never the content its secrecy. */
function tryScrub(event: Json, scrubber: Scrubber | undefined): Json {
  try {
    return scrubEvent(event, OUR_TAGS, scrubber)
  } catch {
    return scrubEvent(event, OUR_TAGS)
  }
}

function contextOf(options: StartSentryOptions, error: unknown, suppressed: number): Partial<ErrorEvent> {
  const work = currentContext()
  const code = (error as { code?: unknown } | null | undefined)?.code
  return {
    tags: {
      service: options.service,
      ...(work === undefined ? {} : { request_id: work.requestId }),
      ...(work?.tenant === undefined ? {} : { tenant: work.tenant }),
      ...(typeof code === 'string' && /^\w{1,64}$/.test(code) ? { error_code: code } : {}),
      ...(suppressed === 0 ? {} : { suppressed: String(suppressed) }),
    },
    ...(work?.userId === undefined ? {} : { user: { id: work.userId } }),
    ...(work === undefined ? {} : { contexts: { trace: { trace_id: work.traceId, span_id: work.spanId } } }),
  }
}

/**
 * Loads the SDK and creates a client of it.
 *
 * @throws SentrySdkError when it does not load.
 */
export async function loadClient(
  options: StartSentryOptions,
  onOutcome: (outcome: Outcome, reason?: unknown) => void,
): Promise<ReportClient> {
  const sdk = await loadSdk()
  const client = new sdk.NodeClient({
    dsn: options.dsn as string,
    release: `${options.service}@${options.version}`,
    environment: options.env,
    integrations: [],
    stackParser: sdk.defaultStackParser,
    transport: countingTransport(sdk, onOutcome),
    sendClientReports: false,
    enableOpenTelemetrySetup: false,
    enableRuntimeChannelInjection: false,
    traceLifecycle: 'static',
  })
  // Added one by one, not by init(): that would set up a second context store beside core's.
  client.addIntegration(sdk.linkedErrorsIntegration())
  scrubOnTheWay(client, options.scrubber)
  return {
    send(error, { level = 'error', fields }, handled, suppressed) {
      const { tags, user, contexts } = contextOf(options, error, suppressed)
      const scope = new sdk.Scope()
      scope.setLevel(level).setTags({ ...tags })
      if (user !== undefined) scope.setUser(user)
      if (contexts?.trace !== undefined) scope.setContext('trace', contexts.trace)
      if (fields !== undefined) scope.setExtras({ ...fields })
      scope.setClient(client)
      return scope.captureException(error, { mechanism: { type: 'generic', handled } })
    },
    flush: async (timeoutMs) => client.flush(timeoutMs),
    close: async (timeoutMs) => void (await client.close(timeoutMs)),
  }
}
