/** Where a request to Express was going when it was refused on its way. */

/** The part of a router of Express' kind (the package `router`, 2.3 and later) by which it finds its routes. */
export interface RouterStack {
  readonly stack: readonly {
    readonly route?: { readonly path: unknown; _handlesMethod(method: string): boolean } | undefined
    /** A router, where one is mounted. */
    readonly handle: unknown
    /** Undefined or false, or what part of the path it is about. */
    match(path: string): { readonly path: string } | false | undefined
  }[]
}

/** A request as Express keeps it, in the part that says where it was going. */
export interface ExpressRequestLike {
  readonly method?: string | undefined
  readonly originalUrl?: string
  readonly app?: { readonly router: unknown }
  readonly res?: { readonly statusCode: number } | undefined
}

/**
 * The route of Express that a request was meant for which middleware refused, a limit or a login, before it got there. It is
 * named as if it had answered; undefined where there is none, and for a 404, which was meant for none.
 */
export function refusedRouteOf({
  app,
  res,
  method = 'GET',
  originalUrl = '/',
}: ExpressRequestLike): string | undefined {
  if (res === undefined || res.statusCode < 400 || res.statusCode === 404) return undefined
  return routeInStack(app?.router, method, originalUrl.split('?', 1)[0] as string)
}

/** The route that would answer: where it is mounted and its pattern. Undefined where it lies behind what is no router. */
export function routeInStack(router: unknown, method: string, path: string): string | undefined {
  if (!isRouter(router)) return undefined
  for (const layer of router.stack) {
    const match = tryMatch(() => layer.match(path))
    if (typeof match !== 'object') continue
    if (layer.route !== undefined) {
      if (layer.route._handlesMethod(method)) return String(layer.route.path)
      continue
    }
    const below = routeInStack(layer.handle, method, path.slice(match.path.length) || '/')
    if (below !== undefined) return `${match.path}${below}`
  }
  return undefined
}

function isRouter(value: unknown): value is RouterStack {
  return typeof value === 'function' && Array.isArray((value as Partial<RouterStack>).stack)
}

/** What cannot be decoded matches nothing. */
function tryMatch<T>(match: () => T): T | undefined {
  try {
    return match()
  } catch {
    return undefined
  }
}
