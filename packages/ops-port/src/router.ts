/** Finds the page for a request and turns every outcome, failures included, into a response. */
import { isOpsError } from '@ops/core'
import type { OpsHandler, OpsPage, OpsRequest, OpsResponse } from './page.ts'

/** A page whose answers can be had in this thread. */
export interface Route extends Pick<OpsPage, 'paths' | 'access'> {
  readonly answer: OpsHandler
}

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** A plain-text response of one line. */
export function textResponse(status: number, text: string, headers?: Readonly<Record<string, string>>): OpsResponse {
  return { status, body: `${text}\n`, ...(headers === undefined ? {} : { headers }) }
}

/** Creates the handler of all requests; it never rejects. */
export function createRouter(
  routes: readonly Route[],
  hasToken: boolean,
): (request: OpsRequest) => Promise<OpsResponse> {
  const byPath = new Map(routes.flatMap((route) => route.paths.map((path) => [path, route] as const)))
  return async (request) => {
    if (request.path === '/') return listPages(routes, request)
    const route = byPath.get(request.path)
    if (route === undefined) return textResponse(404, 'Not found. See / for the pages.')
    if (!METHODS.has(request.method)) return methodNotAllowed([...METHODS].join(', '))
    if (route.access === 'restricted' && !request.authorized) return refusal(request, hasToken)
    try {
      return await route.answer(request)
    } catch (error) {
      return failure(error)
    }
  }
}

function listPages(routes: readonly Route[], request: OpsRequest): OpsResponse {
  if (request.method !== 'GET') return methodNotAllowed('GET, HEAD')
  const visible = routes.filter((route) => route.access === 'open' || request.authorized)
  return textResponse(
    200,
    visible
      .flatMap((route) => route.paths)
      .sort()
      .join('\n'),
  )
}

function methodNotAllowed(allow: string): OpsResponse {
  return textResponse(405, `Method not allowed, expected one of ${allow}.`, { allow })
}

function refusal(request: OpsRequest, hasToken: boolean): OpsResponse {
  const expected = hasToken ? 'a caller on this machine or the bearer token' : 'a caller on this machine'
  const text = `Cannot show ${request.path}: not authorized, expected ${expected}.`
  return hasToken ? textResponse(401, text, { 'www-authenticate': 'Bearer' }) : textResponse(403, text)
}

/** The text names no cause: it may hold anything, and an open page answers strangers. */
function failure(error: unknown): OpsResponse {
  if (isOpsError(error, 'OPS_OPSPORT_MAIN_TIMEOUT') || isOpsError(error, 'OPS_OPSPORT_MAIN_BUSY')) {
    return textResponse(503, 'The main thread does not answer.', { 'retry-after': '1' })
  }
  return textResponse(500, 'The page failed.')
}
