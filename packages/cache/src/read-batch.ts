/** Many reads as one MGET: the values, and once for each shard what their validity hangs on. */
import type { ShardKeys } from './tenant-key.ts'

/** Where a value lies and what its validity hangs on. */
export interface ValueRef {
  readonly shard: ShardKeys
  readonly key: string
  /** True when the definition has tags: their mark is fetched along. */
  readonly tagged: boolean
}

/** A read that waits to be sent. */
export interface PendingRead {
  readonly ref: ValueRef
  /** Called when it goes out: until then, others may share its result. */
  readonly onSend: () => void
}

/** What a read brings: raw, to be judged by whoever asked. */
export interface RawRead {
  readonly bytes: Buffer | null
  /** The generation of the shard, null where there is none. */
  readonly generation: string | null
  readonly tagMark: string | null
}

/** The results of `reads` in their order. */
export async function readTogether(
  reads: readonly PendingRead[],
  mget: (keys: readonly string[]) => Promise<readonly (Buffer | null)[]>,
): Promise<RawRead[]> {
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
  const places = reads.map(({ ref, onSend }) => {
    onSend()
    const generation = at(ref.shard.generation)
    const mark = ref.tagged ? at(ref.shard.tagMark) : -1
    return { generation, mark, value: keys.push(ref.key) - 1 }
  })
  const replies = await mget(keys)
  const texts = new Map([...shared.values()].map((index) => [index, replies[index]?.toString('latin1') ?? null]))
  return places.map(({ generation, mark, value }) => ({
    bytes: replies[value] ?? null,
    generation: texts.get(generation) ?? null,
    tagMark: texts.get(mark) ?? null,
  }))
}
