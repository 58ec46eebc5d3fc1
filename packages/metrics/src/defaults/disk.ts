import { statfs } from 'node:fs/promises'
import type { Instruments } from '@ops/core'
import type { defaultMetrics } from './catalog.ts'

/** Sets size and space left at each path. @throws when one of them cannot be read, after the others were. */
export function createDiskCollector(
  defaults: Instruments<typeof defaultMetrics>,
  paths: readonly string[],
): () => Promise<void> {
  return async () => {
    const results = await Promise.allSettled(
      paths.map(async (path) => {
        const { blocks, bavail, bsize } = await statfs(path)
        defaults.diskSize.set({ path }, blocks * bsize)
        defaults.diskAvailable.set({ path }, bavail * bsize)
      }),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}
