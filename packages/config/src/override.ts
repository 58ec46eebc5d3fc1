/** Overrides in force, each with its end. */
import { type Clock, parseDuration, type Timer } from '@ops/core'
import type { OverrideOptions, OverrideStatus } from './config.ts'
import type { Entry } from './entry.ts'
import { OverrideRefusedError } from './errors.ts'
import type { ConfigShape } from './setting.ts'

/** The longest a timer can wait, a little under 25 days. */
const MAX_TTL_MS = 24 * 86_400_000

/** One override. */
export interface Override {
  readonly entry: Entry
  readonly status: OverrideStatus
  readonly timer: Timer
}

/** Builds the entries of an override. @throws OverrideRefusedError for keys that may not be overridden, TypeError or RangeError for bad options. */
export function overrideEntries(
  shape: ConfigShape,
  values: Readonly<Record<string, unknown>>,
  { by, reason }: OverrideOptions,
): Entry[] {
  for (const [name, text] of Object.entries({ by, reason })) {
    if (typeof text !== 'string' || text.trim() === '')
      throw new TypeError(`Cannot override: ${name} is missing, expected text`)
  }
  const keys = Object.keys(values)
  if (keys.length === 0) throw new TypeError('Cannot override: no values, expected at least one')
  for (const key of keys) {
    const definition = Object.hasOwn(shape, key) ? shape[key] : undefined
    if (definition === undefined) throw new OverrideRefusedError([key], 'no such setting, expected a declared name')
    if (definition.sensitive)
      throw new OverrideRefusedError([key], 'a secret, expected a setting (rotate secrets at their source)')
    if (definition.reload !== 'live')
      throw new OverrideRefusedError([key], 'read at start only, expected a live setting')
  }
  return keys.map((key) => {
    const value = values[key]
    return {
      key,
      layer: 'override',
      origin: `${by}: ${reason}`,
      value,
      form: typeof value === 'string' ? 'text' : 'typed',
    }
  })
}

/** Milliseconds of a ttl. @throws TypeError or RangeError when it is none or out of range. */
export function parseTtl(ttl: OverrideOptions['ttl']): number {
  const ms = parseDuration(ttl, 'the ttl of an override')
  if (!(ms > 0 && ms <= MAX_TTL_MS))
    throw new RangeError(`Cannot override: ttl ${ms} ms, expected above 0 and at most ${MAX_TTL_MS}`)
  return ms
}

/** Overrides in force, at most one a key. */
export interface OverrideSet {
  readonly entries: () => readonly Entry[]
  readonly statuses: () => readonly OverrideStatus[]
  /** Replaces what is held for the same keys; returns how to undo. */
  readonly put: (
    entries: readonly Entry[],
    options: OverrideOptions,
    onEnd: (stillHeld: () => readonly string[]) => void,
  ) => () => void
  /** Removes keys, or all; returns how to undo. */
  readonly remove: (keys?: readonly string[]) => () => void
  /** Stops all timers. */
  readonly close: () => void
}

export function createOverrideSet(clock: Clock): OverrideSet {
  let held = new Map<string, Override>()
  /** Of replaced overrides too: a refusal of the new one brings the old one back. */
  const timers = new Set<Timer>()
  const swap = (next: Map<string, Override>): (() => void) => {
    const before = held
    held = next
    return () => {
      held = before
    }
  }
  return {
    entries: () => [...held.values()].map(({ entry }) => entry),
    statuses: () => [...held.values()].map(({ status }) => status),
    put(entries, options, onEnd) {
      const ttlMs = parseTtl(options.ttl)
      const keys = entries.map(({ key }) => key)
      // Asked for when its turn comes: a later override may have taken the key, or have been refused again.
      const timer = clock.setTimeout(() => {
        timers.delete(timer)
        onEnd(() => keys.filter((key) => held.get(key)?.timer === timer))
      }, ttlMs)
      timers.add(timer)
      const expiresAt = new Date(clock.now() + ttlMs).toISOString()
      const next = new Map(held)
      for (const entry of entries) {
        next.set(entry.key, {
          entry,
          status: { key: entry.key, by: options.by, reason: options.reason, expiresAt },
          timer,
        })
      }
      const undo = swap(next)
      return () => {
        timer.cancel()
        timers.delete(timer)
        undo()
      }
    },
    remove(keys) {
      const next = new Map(keys === undefined ? [] : held)
      for (const key of keys ?? []) next.delete(key)
      return swap(next)
    },
    close() {
      for (const timer of timers) timer.cancel()
    },
  }
}

/** Entries by key with the overrides on top. */
export function withOverrides(
  entries: ReadonlyMap<string, readonly Entry[]>,
  overrides: readonly Entry[],
): ReadonlyMap<string, readonly Entry[]> {
  if (overrides.length === 0) return entries
  const merged = new Map(entries)
  for (const entry of overrides) merged.set(entry.key, [...(entries.get(entry.key) ?? []), entry])
  return merged
}
