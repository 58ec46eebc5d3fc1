/** From raw entries to values: one resolution per key, reusing what has not changed so that it keeps its identity. */
import { isDeepStrictEqual } from 'node:util'
import type { SecretRegistry } from '@ops/core'
import type { Collection } from './collect.ts'
import type { Entry } from './entry.ts'
import { plainText } from './grammar.ts'
import { type AnySetting, parseAbsent, parseEntry } from './parse-value.ts'
import type { ConfigProblem } from './problem.ts'
import { registerSecret } from './secret-forms.ts'
import { createSecret, isSecret, type Secret, withoutPrevious } from './secret-value.ts'
import type { ConfigShape } from './setting.ts'

/** The value of a key and where it came from. */
export interface Resolution {
  readonly key: string
  /** As readers see it: frozen, secrets wrapped. */
  readonly value: unknown
  /** Raw content, for telling whether anything changed. */
  readonly fingerprint: string
  /** Winning entry first, then the layers it shadows; empty for a default. */
  readonly entries: readonly Entry[]
}
/** All keys resolved. */
export type Resolutions = ReadonlyMap<string, Resolution>

/** Resolves a collection against the values before it. Problems of keys are listed in the order of declaration. */
export async function resolveAll(
  shape: ConfigShape,
  collection: Collection,
  context: { readonly before: Resolutions; readonly registry: SecretRegistry },
): Promise<{ readonly resolutions: Map<string, Resolution>; readonly problems: ConfigProblem[] }> {
  const resolutions = new Map<string, Resolution>()
  const problems: ConfigProblem[] = [...collection.problems]
  const troubled = new Set(collection.problems.map((problem) => problem.key))
  for (const key of Object.keys(shape)) {
    const definition = shape[key] as AnySetting
    const entries = [...(collection.entries.get(key) ?? [])].reverse()
    const before = context.before.get(key)
    const fingerprint = fingerprintOf(entries[0])
    if (before !== undefined && before.fingerprint === fingerprint) {
      resolutions.set(key, { ...before, entries })
      continue
    }
    const parsed = entries[0] === undefined ? await parseAbsent(definition) : await parseEntry(definition, entries[0])
    if (parsed.problem !== undefined) {
      // A file of the key that cannot be read is reported once, not also as a missing key.
      if (entries[0] !== undefined || !troubled.has(key))
        problems.push(toProblem(key, entries[0], collection, parsed.problem))
      continue
    }
    const previous = await previousOf(definition, entries[0])
    const value = wrap(definition, {
      parsed: parsed.value,
      entry: entries[0],
      previous,
      before,
      registry: context.registry,
    })
    resolutions.set(key, { key, value, fingerprint, entries })
  }
  return { resolutions, problems: [...problems, ...groupProblems(shape, resolutions, problems)] }
}

function fingerprintOf(entry: Entry | undefined): string {
  if (entry === undefined) return ''
  return `${entry.form}:${JSON.stringify(entry.value)}:${entry.previous ?? ''}`
}

function toProblem(key: string, entry: Entry | undefined, collection: Collection, message: string): ConfigProblem {
  if (entry !== undefined) return { reason: 'invalid', key, origin: entry.origin, message }
  const prefixed = collection.prefixed.get(key)
  const hint = prefixed === undefined ? '' : ` (${prefixed} is set: did you mean ${key}?)`
  return { reason: 'missing', key, origin: undefined, message: message + hint }
}

async function previousOf(definition: AnySetting, entry: Entry | undefined): Promise<Secret<unknown> | undefined> {
  if (entry?.previous === undefined) return undefined
  const parsed = await parseEntry(definition, { ...entry, value: entry.previous })
  return parsed.problem === undefined ? createSecret(parsed.value, { text: entry.previous }) : undefined
}

interface Wrapping {
  readonly parsed: unknown
  readonly entry: Entry | undefined
  readonly previous: Secret<unknown> | undefined
  readonly before: Resolution | undefined
  readonly registry: SecretRegistry
}

/** Equal values keep the identity of the one before; a replaced secret keeps its predecessor while it overlaps. */
function wrap(definition: AnySetting, { parsed, entry, previous, before, registry }: Wrapping): unknown {
  if (!definition.sensitive) return isDeepStrictEqual(before?.value, parsed) ? before?.value : deepFreeze(parsed)
  if (parsed === undefined) return undefined
  registerSecret(registry, parsed)
  const text = typeof entry?.value === 'string' ? entry.value : plainText(parsed)
  const old = isSecret(before?.value) ? before.value : undefined
  if (old?.equals(text) === true && previous === undefined) {
    // A source that named the previous value and names it no more has ended the overlap itself.
    return before?.entries[0]?.previous === undefined ? old : withoutPrevious(old)
  }
  const overlapped =
    old !== undefined && definition.overlapMs > 0 && !old.equals(text) ? withoutPrevious(old) : undefined
  return createSecret(deepFreeze(parsed), { text, previous: previous ?? overlapped })
}

/** Arrays and plain objects, all the way down; class instances are their owner's affair. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const prototype = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value
  // Frozen before its members are looked at: a cycle comes round to something frozen.
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}

/** A group's own check sees its values together; it runs only when all of them are there. */
function groupProblems(
  shape: ConfigShape,
  resolutions: Resolutions,
  problems: readonly ConfigProblem[],
): ConfigProblem[] {
  if (problems.length > 0) return []
  const members = new Map<NonNullable<AnySetting['group']>, string[]>()
  for (const [key, { group }] of Object.entries(shape)) {
    if (group?.check === undefined) continue
    members.set(group, [...(members.get(group) ?? []), key])
  }
  return [...members].flatMap(([group, keys]) => {
    const values = Object.fromEntries(keys.map((key) => [key, resolutions.get(key)?.value]))
    const state = checkGroup(group.check as (values: object) => string | undefined, values)
    return state === undefined
      ? []
      : [{ reason: 'group' as const, key: keys.join(', '), origin: `group ${group.name}`, message: state }]
  })
}

function checkGroup(check: (values: object) => string | undefined, values: object): string | undefined {
  try {
    return check(values)
  } catch {
    return 'do not fit together, expected values their check takes without throwing'
  }
}
