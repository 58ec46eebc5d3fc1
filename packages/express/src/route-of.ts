import type { IncomingMessage } from 'node:http'
import { expressRouteOf } from '@ops/http'
import type { Request } from 'express'

/** Where routers are mounted, and the route's own pattern. Several patterns or a RegExp count as their text. */
export function routeOf(request: IncomingMessage): string | undefined {
  return expressRouteOf(request as Request)
}
