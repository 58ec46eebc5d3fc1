import type { IncomingMessage } from 'node:http'
import { refusedRouteOf } from '@ops/http'
import type { Request } from 'express'

/** Where the router's mount points lead to the route's own pattern. Several patterns or a RegExp count as their text. */
export function routeOf(request: IncomingMessage): string | undefined {
  const { route, baseUrl } = request as Partial<Request>
  return route === undefined ? refusedRouteOf(request as Request) : `${baseUrl}${String(route.path)}`
}
