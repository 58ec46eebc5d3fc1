/** Real files for tests: a scratch directory, and a ConfigMap volume swapped the way the kubelet swaps it. */
import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A scratch directory for each test of the file. */
export function useScratch(): { readonly path: string; file(name: string, text: string | Buffer): Promise<string> } {
  let path = ''
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'ops-config-'))
  })
  afterEach(() => rm(path, { recursive: true, force: true }))
  return {
    get path() {
      return path
    },
    async file(name, text) {
      await writeFile(join(path, name), text)
      return join(path, name)
    },
  }
}

/** A mounted ConfigMap. */
export interface Volume {
  readonly path: string
  /** Writes a new timestamped directory, points `..data` at it by one rename, removes the old one. */
  swap(files: Readonly<Record<string, string>>): Promise<void>
  /** The same in two steps: writes the new directory now, and returns what swaps it in and removes the old one. */
  stage(files: Readonly<Record<string, string>>): Promise<() => Promise<void>>
}

/** Makes a volume at `path`: each key a link into `..data`, as the kubelet's AtomicWriter lays it out. */
export async function createVolume(path: string, files: Readonly<Record<string, string>>): Promise<Volume> {
  let generation = 0
  await mkdir(path)
  const stage = async (next: Readonly<Record<string, string>>): Promise<() => Promise<void>> => {
    const directory = `..2026_01_01_00_00_${String(generation++).padStart(4, '0')}`
    await mkdir(join(path, directory))
    for (const [name, text] of Object.entries(next)) await writeFile(join(path, directory, name), text)
    await symlink(directory, join(path, '..data_tmp'))
    const old = await readlink(join(path, '..data')).catch(() => undefined)
    return async () => {
      await rename(join(path, '..data_tmp'), join(path, '..data'))
      if (old !== undefined) await rm(join(path, old), { recursive: true })
      for (const name of Object.keys(next)) await symlink(join('..data', name), join(path, name)).catch(() => undefined)
    }
  }
  const swap = async (next: Readonly<Record<string, string>>): Promise<void> => (await stage(next))()
  await swap(files)
  return { path, swap, stage }
}
