/** Collects what is asked in one turn of the event loop and sends it together, in a Cluster one message for each slot. */

interface Waiting<T, R> {
  readonly item: T
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

/** How a batch is made and sent. */
export interface BatchOptions<T, R> {
  /** The results of `items`, in their order. */
  readonly send: (items: readonly T[]) => Promise<readonly R[]>
  /** Items of different groups are sent apart. */
  readonly groupOf: (item: T) => string
  readonly maxItems: number
}

/** Returns how to ask. */
export function createBatch<T, R>({ send, groupOf, maxItems }: BatchOptions<T, R>): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = []

  const deliver = async (members: readonly Waiting<T, R>[]): Promise<void> => {
    try {
      const results = await send(members.map(({ item }) => item))
      for (const [i, { resolve }] of members.entries()) resolve(results[i] as R)
    } catch (error) {
      for (const { reject } of members) reject(error)
    }
  }
  const flush = (): void => {
    const all = waiting
    waiting = []
    const groups = new Map<string, Waiting<T, R>[]>()
    for (const one of all) {
      const name = groupOf(one.item)
      const members = groups.get(name) ?? []
      if (members.length === 0) groups.set(name, members)
      members.push(one)
      if (members.length < maxItems) continue
      groups.delete(name)
      void deliver(members)
    }
    for (const members of groups.values()) void deliver(members)
  }
  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ item, resolve, reject })
    })
}
