/** Secret managers: an interface, and its reference implementation over a file. */
import { watch } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { SecretSourceError } from './errors.ts'
import { readWholeFile } from './read-file.ts'
import { createVolumeView } from './volume.ts'

/** A rotated secret while both values are valid. */
export interface SecretVersions {
  readonly current: string
  readonly previous?: string | undefined
}

/** Where secrets come from: a secret manager, an agent's file, a test. */
export interface SecretSource {
  /** For origins and log lines: `vault`, `aws`. */
  readonly name: string
  /**
   * All secrets of this source by their environment names. Rejects when they cannot be had: at start that is a problem,
   * later the last values stay. Only the name and code of the error are shown, for its message may quote an answer.
   */
  load(signal: AbortSignal): Promise<Readonly<Record<string, string | SecretVersions>>>
  /** Calls `changed` when {@link SecretSource.load} would answer otherwise (a lease ends, a version appears). Returns how to stop. */
  watch?(changed: () => void): () => void
}

/**
 * The reference source: a JSON file `{ "NAME": "value" | { "current": "…", "previous": "…" } }`, as an agent or sidecar writes it.
 * Watches the file's directory.
 */
export function createFileSource(options: { readonly path: string; readonly name?: string }): SecretSource {
  const { path, name = 'file source' } = options
  return {
    name,
    async load() {
      const read = await readWholeFile(await createVolumeView().locate(path))
      if (read.text === undefined)
        throw new SecretSourceError(name, 'OPS_CONFIG_SOURCE_UNREADABLE', `a file: it ${read.problem}`)
      return parseSecrets(name, read.text)
    },
    watch(changed) {
      const file = basename(path)
      const watcher = watch(dirname(resolve(path)), { persistent: false }, (_event, changedName) => {
        if (changedName === null || changedName === file || changedName === '..data') changed()
      })
      // A directory that goes away is seen by the content poll.
      watcher.on('error', () => watcher.close())
      return () => watcher.close()
    },
  }
}

function parseSecrets(name: string, text: string): Record<string, string | SecretVersions> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new SecretSourceError(name, 'OPS_CONFIG_SOURCE_MALFORMED', 'a JSON object of secrets')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new SecretSourceError(name, 'OPS_CONFIG_SOURCE_MALFORMED', 'a JSON object of secrets')
  }
  return parsed as Record<string, string | SecretVersions>
}
