/**
 * Both id headers on a response of Fastify. They go into Fastify's own map, since Node writes a head that stands in two places
 * on a slower path; what writes to the raw response without asking Fastify, as middleware and server-sent events do, gets them
 * when the head is written.
 */
import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { REQUEST_ID_HEADER, TRACE_ID_HEADER } from '@ops/http'
import { tryGetTied } from './observed.ts'

/** The reply's part that is needed here. */
interface Reply {
  readonly raw: ServerResponse
  header(name: string, value: string): Reply
}

/** What stands on the response of a unit of work. */
interface Ids {
  readonly traceId: string
  readonly requestId: string
}

/** Puts them on the reply, whoever writes it. */
export function setIdHeaders(reply: Reply, { traceId, requestId }: Ids): void {
  reply.header(TRACE_ID_HEADER, traceId).header(REQUEST_ID_HEADER, requestId)
  reply.raw.writeHead = writeHeadWithIds as ServerResponse['writeHead']
}

type Head = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined

function writeHeadWithIds(this: ServerResponse, status: number, reason?: string | Head, head?: Head): ServerResponse {
  const given = typeof reason === 'string' ? head : reason
  const ids = tryGetTied(this.req)?.observation.context
  if (ids !== undefined && !isFastifys(given)) {
    this.setHeader(TRACE_ID_HEADER, ids.traceId)
    this.setHeader(REQUEST_ID_HEADER, ids.requestId)
  }
  const write = ServerResponse.prototype.writeHead as (this: ServerResponse, ...args: unknown[]) => ServerResponse
  return typeof reason === 'string' ? write.call(this, status, reason, head) : write.call(this, status, reason)
}

/** True for the head that Fastify writes itself, which has them. */
function isFastifys(head: Head): boolean {
  return head !== undefined && TRACE_ID_HEADER in head
}
