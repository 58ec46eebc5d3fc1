/** Reads a whole regular file or says why not: bounded, never blocking on a pipe, never half of a write. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** Files above this are refused: 1 MiB. */
const MAX_FILE_BYTES = 1_048_576

const MAX_ATTEMPTS = 5

/** Text without its byte order mark, or why there is none. `missing` says that nothing is there. */
export type FileReading =
  | { readonly text: string }
  | { readonly problem: string; readonly missing: boolean; readonly text?: undefined }

/** Reads `path`; resolves always. */
export async function readWholeFile(path: string): Promise<FileReading> {
  let handle: FileHandle | undefined
  try {
    // Without O_NONBLOCK opening a pipe waits for a writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return await readStable(handle)
  } catch (error) {
    return failure(error)
  } finally {
    await handle?.close()
  }
}

/** stat, read, stat: a file that grew or was rewritten meanwhile is read again. */
async function readStable(handle: FileHandle): Promise<FileReading> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const before = await handle.stat({ bigint: true })
    if (!before.isFile())
      return refused(before.isDirectory() ? 'is a directory, expected a file' : 'is a pipe or device, expected a file')
    if (before.size > MAX_FILE_BYTES) return refused(`is larger than ${MAX_FILE_BYTES} bytes, expected a small file`)
    const buffer = Buffer.alloc(Number(before.size) + 1)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    const after = await handle.stat({ bigint: true })
    if (BigInt(bytesRead) === before.size && after.mtimeNs === before.mtimeNs && after.size === before.size) {
      return decode(buffer.subarray(0, bytesRead))
    }
  }
  return refused('changed while it was read, expected a file at rest')
}

function decode(buffer: Buffer): FileReading {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(buffer) }
  } catch {
    return refused('is not UTF-8 text, expected UTF-8')
  }
}

function refused(problem: string): FileReading {
  return { problem, missing: false }
}

function failure(error: unknown): FileReading {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
  if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: 'does not exist, expected a file', missing: true }
  // Sockets refuse to be opened at all.
  if (code === 'ENXIO') return refused('is a pipe or device, expected a file')
  return refused(`cannot be read (${code}), expected a readable file`)
}
