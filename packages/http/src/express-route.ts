/**
 * The route of a request to Express (its package `router`, 2.3 and later), as a template: where routers are mounted counts by
 * its pattern, `/shops/:shop`, never by what a request had in its place.
 */

/** A request as Express keeps it, in the part that says where it went or was going. */
export interface ExpressRequestLike {
  readonly method?: string | undefined
  readonly originalUrl?: string
  readonly baseUrl?: string
  readonly route?: ExpressRoute | undefined
  readonly app?: ExpressAppLike
  readonly res?: { readonly statusCode: number } | undefined
}

/** A route; its path is a pattern, a RegExp, or several. */
export interface ExpressRoute {
  readonly path: unknown
}

/** An application, mounted in another or not. */
export interface ExpressAppLike {
  readonly router: unknown
  readonly parent?: ExpressAppLike
  readonly mountpath?: unknown
}

/** A router's layers: routes, mounted routers, and middleware that is neither. */
export interface RouterStack {
  readonly stack: readonly {
    readonly route?: (ExpressRoute & { _handlesMethod(method: string): boolean }) | undefined
    readonly handle: unknown
    /** One pattern or several. */
    readonly rawPath?: unknown
    /** Undefined or false, or what part of the path it is about, and by which pattern. */
    match(path: string): { readonly path: string; readonly pattern?: unknown } | false | undefined
  }[]
}

/** Where the routes are mounted that are mounted once. */
const mounts = new WeakMap<ExpressRoute, string>()

/**
 * The template of the route that answered. Of a request that middleware refused before, a limit or a login, the one that it
 * was meant for; undefined where there is none, and for a 404, which was meant for none.
 */
export function expressRouteOf(request: ExpressRequestLike): string | undefined {
  const { app, route, baseUrl = '' } = request
  if (route === undefined) return isRefused(request) ? routeAhead(request) : undefined
  const mount = baseUrl === '' ? '' : (mounts.get(route) ?? findMount(app, route))
  if (mount !== undefined) return `${mount}${String(route.path)}`
  // Mounted in several places: the path says in which.
  return routeAhead(request) ?? `${baseUrl}${String(route.path)}`
}

function isRefused({ res }: ExpressRequestLike): boolean {
  return res !== undefined && res.statusCode >= 400 && res.statusCode !== 404
}

function findMount(app: ExpressAppLike | undefined, route: ExpressRoute): string | undefined {
  const [mount, ...others] = app === undefined ? [] : mountsIn(app.router, route, mountOfApp(app))
  if (mount === undefined || others.length > 0) return undefined
  mounts.set(route, mount)
  return mount
}

function mountOfApp({ parent, mountpath }: ExpressAppLike): string {
  return parent === undefined ? '' : `${mountOfApp(parent)}${trimmed(mountpath)}`
}

function mountsIn(router: unknown, route: ExpressRoute, prefix: string): string[] {
  if (!isRouter(router)) return []
  return router.stack.flatMap(({ route: own, handle, rawPath }) => {
    if (own !== undefined) return own === route ? [prefix] : []
    return [rawPath].flat().flatMap((pattern) => mountsIn(handle, route, `${prefix}${trimmed(pattern)}`))
  })
}

/** The route that would answer at the request's path. */
function routeAhead({ app, method = 'GET', originalUrl = '/' }: ExpressRequestLike): string | undefined {
  return routeInStack(app?.router, method, originalUrl.split('?', 1)[0] as string)
}

function routeInStack(router: unknown, method: string, path: string): string | undefined {
  if (!isRouter(router)) return undefined
  for (const layer of router.stack) {
    const match = tryMatch(() => layer.match(path))
    if (typeof match !== 'object') continue
    if (layer.route !== undefined) {
      if (layer.route._handlesMethod(method)) return String(layer.route.path)
      continue
    }
    const below = routeInStack(layer.handle, method, path.slice(match.path.length) || '/')
    if (below !== undefined) return `${trimmed(match.pattern ?? match.path)}${below}`
  }
  return undefined
}

/** A mount point as it stands before what is mounted: `/` is nothing. */
function trimmed(pattern: unknown): string {
  return String(pattern ?? '').replace(/\/$/, '')
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
