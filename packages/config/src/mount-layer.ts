/** The layer of mounted directories: one file a key, as Kubernetes mounts ConfigMaps and Secrets. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Entry, isForbiddenName, type LayerReading } from './entry.ts'
import type { ConfigProblem } from './problem.ts'
import { readWholeFile } from './read-file.ts'
import type { ConfigShape } from './setting.ts'
import type { VolumeView } from './volume.ts'

const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Reads every key of the directory; other names (dot files, `tls.crt`) are not keys. */
export async function readMountLayer(shape: ConfigShape, path: string, volumes: VolumeView): Promise<LayerReading> {
  const directory = await volumes.directory(path)
  let names: string[]
  try {
    names = await readdir(directory)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const message = `cannot be listed (${code}), expected a directory with one file a key`
    return { entries: [], problems: [{ reason: 'unreadable', key: path, origin: undefined, message }] }
  }
  const entries: Entry[] = []
  const problems: ConfigProblem[] = []
  const keys = names.filter((name) => isForbiddenName(name) || ENVIRONMENT_NAME.test(name)).sort()
  await Promise.all(
    keys.map(async (key) => {
      const read = await readKey(shape, key, { file: join(directory, key), origin: join(path, key) })
      if ('reason' in read) problems.push(read)
      else entries.push(read)
    }),
  )
  return { entries, problems }
}

async function readKey(
  shape: ConfigShape,
  key: string,
  { file, origin }: { readonly file: string; readonly origin: string },
): Promise<Entry | ConfigProblem> {
  // An undeclared key is reported by its name; its content is nobody's business.
  if (!Object.hasOwn(shape, key)) return { key, layer: 'mount', origin, value: '', form: 'text' }
  const read = await readWholeFile(file)
  if (read.text === undefined) return { reason: 'unreadable', key, origin, message: `its file ${read.problem}` }
  const value = withoutFinalNewline(read.text)
  if (value === '' && shape[key]?.allowEmpty !== true) {
    return { reason: 'empty', key, origin, message: 'its file is empty, expected a value' }
  }
  return { key, layer: 'mount', origin, value, form: 'text' }
}

/** Editors and `echo` end a file with one line break that is not part of the value. */
export function withoutFinalNewline(text: string): string {
  return text.replace(/\r?\n$/, '')
}
