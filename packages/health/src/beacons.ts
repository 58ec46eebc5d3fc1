/** Beacons: named work that a drain waits for. */

/** The beacons of a process. */
export interface Beacons {
  /** Lights one; the returned function puts it out, once. */
  light(name: string): () => void
  /** Names of those that burn, each once. */
  names(): string[]
  /** Resolves as soon as none burns. */
  whenDark(): Promise<void>
}

/** Creates none lit. */
export function createBeacons(): Beacons {
  const lit = new Map<object, string>()
  let waiting: (() => void)[] = []
  return {
    light(name) {
      const key = {}
      lit.set(key, name)
      return () => {
        if (!lit.delete(key) || lit.size > 0) return
        for (const resolve of waiting) resolve()
        waiting = []
      }
    },
    names: () => [...new Set(lit.values())],
    whenDark: () => (lit.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}
