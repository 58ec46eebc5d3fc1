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

/**
 * The route that would have answered a request which middleware answered before: where it is mounted and its pattern, as it
 * is named once it has answered. Undefined where there is none, or where it lies behind what is no router.
 */
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
