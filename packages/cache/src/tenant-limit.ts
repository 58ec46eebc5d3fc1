/** Bounds how many loads a tenant runs at once, so that one tenant's cold cache does not take all of the database. */
export interface TenantLimit {
  /** Runs `work` when the tenant has a free place, in the order of asking. The wait ends when `scope` is aborted, with its reason. */
  run<T>(tenant: string, work: () => Promise<T>, scope: AbortableScope): Promise<T>
}

/** Something that tells whoever waits in it that the time is up. */
export interface AbortableScope {
  onAbort: (reason: Error) => void
}

interface Places {
  running: number
  readonly waiting: Set<() => void>
}

/** @param limit most works of one tenant at once. */
export function createTenantLimit(limit: number): TenantLimit {
  const tenants = new Map<string, Places>()

  const enter = (tenant: string, scope: AbortableScope): Promise<void> | undefined => {
    const places = tenants.get(tenant) ?? { running: 0, waiting: new Set() }
    tenants.set(tenant, places)
    if (places.running < limit) {
      places.running++
      return undefined
    }
    return new Promise((resolve, reject) => {
      scope.onAbort = (reason) => {
        places.waiting.delete(resolve)
        reject(reason)
      }
      places.waiting.add(resolve)
    })
  }
  const leave = (tenant: string): void => {
    const places = tenants.get(tenant)
    if (places === undefined) return
    const [next] = places.waiting
    if (next !== undefined) {
      places.waiting.delete(next)
      next()
    } else if (--places.running === 0) tenants.delete(tenant)
  }
  return {
    async run(tenant, work, scope) {
      const waiting = enter(tenant, scope)
      if (waiting !== undefined) await waiting
      try {
        return await work()
      } finally {
        leave(tenant)
      }
    },
  }
}
