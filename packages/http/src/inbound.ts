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

/** Header by which a trusted caller says how long it will wait, in milliseconds. */
export const TIMEOUT_HEADER = 'x-request-timeout-ms'

const WHOLE_MS = /^[1-9][0-9]{0,8}$/

/** Creates the context; headers that are malformed or come from an untrusted peer are ignored. */
export function readContext(request: IncomingMessage, trusted: boolean, clock: Clock): WorkContext {
  const headers = request.headers
  const parent = trusted ? tryParseTraceparent(headers['traceparent']) : undefined
  return createContext({
    parent,
    traceState: parent === undefined ? undefined : tryParseTracestate(headers['tracestate']),
    traceId: parent === undefined ? tryParseTraceId(headers['x-trace-id']) : undefined,
    requestId: tryParseRequestId(headers['x-request-id']),
    deadline: trusted ? readDeadline(headers[TIMEOUT_HEADER], clock) : undefined,
  })
}

function readDeadline(header: string | string[] | undefined, clock: Clock): number | undefined {
  return typeof header === 'string' && WHOLE_MS.test(header) ? clock.monotonic() + Number(header) : undefined
}
