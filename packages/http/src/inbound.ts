/** From request headers to the context of the unit of work. */
import type { IncomingMessage } from 'node:http'
import {
  type Clock,
  createContext,
  tryParseRequestId,
  tryParseTraceId,
  tryParseTraceparent,
  tryParseTracestate,
  type WorkContext,
} from '@ops/core'
import type { TimeoutHeader } from './timeout-header.ts'

/** How requests are read. */
export interface InboundOptions {
  readonly clock: Clock
  readonly timeout: TimeoutHeader
}

/** Creates the context; headers that are malformed or come from an untrusted peer are ignored. */
export function readContext(
  request: IncomingMessage,
  trusted: boolean,
  { clock, timeout }: InboundOptions,
): WorkContext {
  const headers = request.headers
  const parent = trusted ? tryParseTraceparent(headers['traceparent']) : undefined
  return createContext({
    parent,
    traceState: parent === undefined ? undefined : tryParseTracestate(headers['tracestate']),
    traceId: parent === undefined ? tryParseTraceId(headers['x-trace-id']) : undefined,
    requestId: tryParseRequestId(headers['x-request-id']),
    deadline: trusted ? deadlineOf(headers[timeout.name], { clock, timeout }) : undefined,
  })
}

/** Most requests carry none: only one that does costs a look at the clock. */
function deadlineOf(header: unknown, { clock, timeout }: InboundOptions): number | undefined {
  const timeoutMs = header === undefined ? undefined : timeout.tryParse(header)
  return timeoutMs === undefined ? undefined : clock.monotonic() + timeoutMs
}
