/** Kubernetes volumes: a directory whose `..data` link is swapped as a whole. Each is resolved once per reading, so that no reading mixes two swaps. */
import { readlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** One consistent view of all volumes a reading touches. */
export interface VolumeView {
  /** Where the file named by `path` really lies: under the resolved `..data` for a volume, else as given. */
  locate(path: string): Promise<string>
  /** The directory to list for a mounted directory. */
  directory(path: string): Promise<string>
  /** True when no volume was swapped since it was first resolved. */
  isUnchanged(): Promise<boolean>
}

/** Creates a view for one reading. */
export function createVolumeView(): VolumeView {
  const targets = new Map<string, Promise<string | undefined>>()
  const targetOf = (directory: string): Promise<string | undefined> => {
    const known = targets.get(directory)
    if (known !== undefined) return known
    const target = readTarget(directory)
    targets.set(directory, target)
    return target
  }
  const rooted = async (directory: string): Promise<string> => {
    const target = await targetOf(directory)
    return target === undefined ? directory : resolve(directory, target)
  }
  return {
    async locate(path) {
      const absolute = resolve(path)
      return join(await rooted(dirname(absolute)), basename(absolute))
    },
    directory: (path) => rooted(resolve(path)),
    async isUnchanged() {
      for (const [directory, target] of targets) if ((await readTarget(directory)) !== (await target)) return false
      return true
    },
  }
}

async function readTarget(directory: string): Promise<string | undefined> {
  try {
    return await readlink(join(directory, '..data'))
  } catch {
    return undefined
  }
}
