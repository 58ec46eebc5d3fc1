import type { IncomingMessage } from 'node:http'
import type { Request } from 'express'

/** Where the router's mount points lead to the route's own pattern. Several patterns or a RegExp count as their text. */
export function routeOf(request: IncomingMessage): string | undefined {
  const { route, baseUrl } = request as Partial<Request>
  return route === undefined ? undefined : `${baseUrl}${String(route.path)}`
}
