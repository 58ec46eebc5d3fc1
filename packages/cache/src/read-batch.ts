/** Turns the reads of one turn of the event loop into one round trip: an MGET, or one for each slot of a Cluster. */
import type { ShardKeys } from './tenant-key.ts'

/** Where a value lies and what its validity hangs on. */
export interface ValueRef {
  readonly shard: ShardKeys
  readonly key: string
  /** True when the definition has tags: their mark is fetched along. */
  readonly tagged: boolean
}

/** What a read brings: raw, to be judged by whoever asked. */
export interface RawRead {
  readonly bytes: Buffer | null
  /** The generation of the shard, null where there is none. */
  readonly generation: string | null
  readonly tagMark: string | null
}

interface Waiting {
  readonly ref: ValueRef
  readonly onSend: () => void
  readonly resolve: (read: RawRead) => void
  readonly reject: (error: unknown) => void
}

/** Reads values, many at a time. */
export interface ReadBatch {
  /** `onSend` is called when the read goes out: until then, others may share its result. */
  read(ref: ValueRef, onSend: () => void): Promise<RawRead>
}

const MAX_VALUES = 512

/** @param mget fetches keys that, in a Cluster, share a slot. */
export function createReadBatch(
  mget: (keys: readonly string[]) => Promise<readonly (Buffer | null)[]>,
  isCluster: boolean,
): ReadBatch {
  let waiting: Waiting[] = []

  const flush = (): void => {
    const all = waiting
    waiting = []
    if (!isCluster && all.length <= MAX_VALUES) return void send(all, mget)
    const groups = new Map<string, Waiting[]>()
    for (const [i, one] of all.entries()) {
      const group = isCluster ? one.ref.shard.prefix : String(Math.floor(i / MAX_VALUES))
      const members = groups.get(group)
      if (members === undefined) groups.set(group, [one])
      else members.push(one)
    }
    for (const members of groups.values()) void send(members, mget)
  }
  return {
    read: (ref, onSend) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ ref, onSend, resolve, reject })
      }),
  }
}

async function send(
  members: readonly Waiting[],
  mget: (keys: readonly string[]) => Promise<readonly (Buffer | null)[]>,
): Promise<void> {
  const keys: string[] = []
  const shared = new Map<string, number>()
  const at = (key: string): number => {
    let index = shared.get(key)
    if (index === undefined) {
      index = keys.push(key) - 1
      shared.set(key, index)
    }
    return index
  }
  const places = members.map(({ ref, onSend }) => {
    onSend()
    const generation = at(ref.shard.generation)
    const mark = ref.tagged ? at(ref.shard.tagMark) : -1
    return { generation, mark, value: keys.push(ref.key) - 1 }
  })
  try {
    const replies = await mget(keys)
    const texts = new Map<number, string | null>()
    const textAt = (index: number): string | null => {
      let text = texts.get(index)
      if (text === undefined) {
        text = replies[index]?.toString('latin1') ?? null
        texts.set(index, text)
      }
      return text
    }
    for (const [i, { generation, mark, value }] of places.entries()) {
      members[i]?.resolve({
        bytes: replies[value] ?? null,
        generation: textAt(generation),
        tagMark: mark === -1 ? null : textAt(mark),
      })
    }
  } catch (error) {
    for (const one of members) one.reject(error)
  }
}
