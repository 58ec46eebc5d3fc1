import type { IncomingMessage } from 'node:http'
import { routeInStack } from '@ops/http'
import type { Request } from 'express'

/** Where the router's mount points lead to the route's own pattern. Several patterns or a RegExp count as their text. */
export function routeOf(request: IncomingMessage): string | undefined {
  const { route, baseUrl } = request as Partial<Request>
  return route === undefined ? refusedRouteOf(request as Request) : `${baseUrl}${String(route.path)}`
}

/** What middleware refused, a limit or a login, is of the route that it was meant for. A 404 was meant for none. */
function refusedRouteOf({ app, res, method, originalUrl }: Request): string | undefined {
  if (res === undefined || res.statusCode < 400 || res.statusCode === 404) return undefined
  return routeInStack(app.router, method, originalUrl.split('?', 1)[0] ?? '/')
}
