/** A second, independent copy of core, as two versions in one dependency tree give. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Core = typeof import('@ops/core')

const packageFolder = join(import.meta.dirname, '..')

/** Copies the sources beside the package, so that they find its dependencies, and loads them. The files are gone when it resolves. */
export async function importCopy(): Promise<Core> {
  await mkdir(join(packageFolder, 'tmp'), { recursive: true })
  const folder = await mkdtemp(join(packageFolder, 'tmp', 'copy-'))
  try {
    await cp(join(packageFolder, 'src'), folder, { recursive: true })
    return (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'index.ts')).href)) as Core
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
