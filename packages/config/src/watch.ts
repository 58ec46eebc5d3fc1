/** Notices changes: file events of directories, SIGHUP, a content poll, the signals of secret sources; all through one debounce. */
import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { Clock, Timer } from '@ops/core'
import type { WatchOptions } from './options.ts'
import type { SecretSource } from './source.ts'

/** What is watched and who is told. */
export interface WatchTargets {
  /** Files, by their paths; their directories are watched. May change from reading to reading. */
  readonly files: () => readonly string[]
  readonly mounts: readonly string[]
  readonly sources: readonly SecretSource[]
  /** Called after the debounce. */
  readonly onTrigger: () => void
  /** Called at once when a source signals, or for all sources on SIGHUP. */
  readonly onSourceSignal: (name: string | undefined) => void
  /** Something cannot be watched; the poll goes on. */
  readonly onError: (path: string, code: string) => void
}

/** A running watch. */
export interface ConfigWatcher {
  /** Watches what the last reading looked at, anew where a directory was replaced. */
  refresh(): void
  close(): void
}

interface Watched {
  readonly watcher: FSWatcher
  readonly inode: string
  /** Names that matter; undefined for all. */
  names: ReadonlySet<string> | undefined
}

export function startWatching(targets: WatchTargets, options: Required<WatchOptions>, clock: Clock): ConfigWatcher {
  const debounce = createDebounce(options, clock, targets.onTrigger)
  const directories = createDirectoryWatch(debounce.hit, targets.onError)
  const refresh = (): void => directories.sync(interests(targets))
  refresh()
  const poll = clock.setInterval(() => {
    refresh()
    targets.onTrigger()
  }, options.pollMs)
  const stops = targets.sources.map((source) =>
    source.watch?.(() => {
      targets.onSourceSignal(source.name)
      debounce.hit()
    }),
  )
  const onSighup = (): void => {
    targets.onSourceSignal(undefined)
    debounce.hit()
  }
  if (options.sighup) process.on('SIGHUP', onSighup)
  return {
    refresh,
    close() {
      poll.cancel()
      debounce.cancel()
      directories.close()
      for (const stop of stops) stop?.()
      process.off('SIGHUP', onSighup)
    },
  }
}

/** Directories to watch, each with the names that matter. */
function interests({ files, mounts }: WatchTargets): Map<string, ReadonlySet<string> | undefined> {
  const wanted = new Map<string, Set<string> | undefined>()
  for (const file of files()) {
    const directory = dirname(resolve(file))
    const names = wanted.get(directory) ?? new Set(['..data'])
    names.add(basename(file))
    wanted.set(directory, names)
  }
  for (const mount of mounts) wanted.set(resolve(mount), undefined)
  return wanted
}

function createDirectoryWatch(
  hit: () => void,
  onError: WatchTargets['onError'],
): {
  sync(wanted: ReadonlyMap<string, ReadonlySet<string> | undefined>): void
  close(): void
} {
  const watched = new Map<string, Watched>()
  const drop = (directory: string): void => {
    watched.get(directory)?.watcher.close()
    watched.delete(directory)
  }
  const add = (directory: string, names: ReadonlySet<string> | undefined, inode: string): boolean => {
    try {
      const watcher = watch(directory, { persistent: false })
      const entry: Watched = { watcher, inode, names }
      watched.set(directory, entry)
      watcher.on('change', (_event, name) => {
        const matters = entry.names === undefined || name === null || entry.names.has(String(name))
        if (matters || String(name) === basename(directory)) hit()
      })
      watcher.on('error', () => drop(directory))
      return true
    } catch (error) {
      onError(directory, (error as NodeJS.ErrnoException).code ?? 'unknown')
      return false
    }
  }
  return {
    sync(wanted) {
      for (const directory of watched.keys()) if (!wanted.has(directory)) drop(directory)
      for (const [directory, names] of wanted) {
        const inode = inodeOf(directory)
        const known = watched.get(directory)
        if (known !== undefined && known.inode === inode) {
          known.names = names
          continue
        }
        drop(directory)
        if (inode === '') onError(directory, 'ENOENT')
        // What changed before the watch began made no event. Without a watch there is the poll alone: a hit would come round for ever.
        else if (add(directory, names, inode)) hit()
      }
    },
    close() {
      for (const directory of [...watched.keys()]) drop(directory)
    },
  }
}

/** A directory removed and made again has the same path but another inode, and its old watch is deaf. */
function inodeOf(directory: string): string {
  const stat = statSync(directory, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`
}

/** Fires when it has been quiet for a while, at the latest some time after the first hit. */
function createDebounce(
  { debounceMs, maxDebounceMs }: Required<WatchOptions>,
  clock: Clock,
  fire: () => void,
): { hit(): void; cancel(): void } {
  let timer: Timer | undefined
  let latest = 0
  return {
    hit() {
      const now = clock.monotonic()
      if (timer === undefined) latest = now + maxDebounceMs
      timer?.cancel()
      timer = clock.setTimeout(
        () => {
          timer = undefined
          fire()
        },
        Math.max(0, Math.min(debounceMs, latest - now)),
      )
    },
    cancel() {
      timer?.cancel()
      timer = undefined
    },
  }
}
