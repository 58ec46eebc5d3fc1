/** Bounds how many loads a tenant runs at once, so that one tenant's cold cache does not take all of the database. */
export interface TenantLimit {
  /** Runs `work` when the tenant has a free place, in the order of asking. `signal` gives up the wait and throws its reason. */
  run<T>(tenant: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>
}

interface Places {
  running: number
  readonly waiting: Set<() => void>
}

/** @param limit most works of one tenant at once. */
export function createTenantLimit(limit: number): TenantLimit {
  const tenants = new Map<string, Places>()

  const enter = (tenant: string, signal: AbortSignal): Promise<void> | undefined => {
    const places = tenants.get(tenant) ?? { running: 0, waiting: new Set() }
    tenants.set(tenant, places)
    if (places.running < limit) {
      places.running++
      return undefined
    }
    return new Promise((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        places.waiting.delete(start)
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      places.waiting.add(start)
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
    async run(tenant, work, signal) {
      await enter(tenant, signal)
      try {
        return await work()
      } finally {
        leave(tenant)
      }
    },
  }
}
