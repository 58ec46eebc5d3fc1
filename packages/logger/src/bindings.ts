/** What a child adds to every line: rendered once, read once, and cleaned again when a new secret becomes known. */
import { messageOf } from './redact/markers.ts'
import type { Policy } from './redact/policy.ts'

/** Members with their keys, each as JSON with its key. */
export interface Bindings {
  readonly component: string | undefined
  readonly keys: readonly string[]
  members: readonly string[]
  /** JSON of all members, comma separated. */
  json: string
  version: number
}

/** No bindings. */
export function createBindings(policy: Policy): Bindings {
  return { component: undefined, keys: [], members: [], json: '', version: policy.version }
}

/** `parent`'s members and those of `added`, which replace members of the same key. */
export function extendBindings(policy: Policy, parent: Bindings, added: Readonly<Record<string, unknown>>): Bindings {
  const { writer } = policy
  const keys = parent.keys.slice()
  const members = parent.members.slice()
  let { component } = parent
  for (const key of keysOf(added)) {
    const entry = writer.keys.entry(key)
    const value = read(added, key)
    const json = writer.write(value, entry.rule)
    if (json === undefined) continue
    if (key === 'component' && typeof value === 'string') component = value
    const known = keys.indexOf(key)
    if (known < 0) keys.push(key)
    members[known < 0 ? members.length : known] = entry.json + json
  }
  return { component, keys, members, json: members.join(','), version: policy.version }
}

function read(bindings: object, key: string): unknown {
  try {
    return (bindings as Readonly<Record<string, unknown>>)[key]
  } catch (error) {
    return `[Throws: ${messageOf(error)}]`
  }
}

function keysOf(value: unknown): readonly string[] {
  try {
    return Object.keys(value as object)
  } catch {
    return []
  }
}

/** JSON of the members without those that `fields` replaces. */
export function bindingsJson(policy: Policy, bindings: Bindings, fields: object | undefined): string {
  if (bindings.version !== policy.version) refresh(policy, bindings)
  if (fields === undefined) return bindings.json
  for (const key of bindings.keys) if (has(fields, key)) return without(bindings, fields)
  return bindings.json
}

function has(fields: object, key: string): boolean {
  try {
    return Object.hasOwn(fields, key)
  } catch {
    return false
  }
}

function without(bindings: Bindings, fields: object): string {
  return bindings.members.filter((_, i) => !has(fields, bindings.keys[i] as string)).join(',')
}

function refresh(policy: Policy, bindings: Bindings): void {
  bindings.members = bindings.members.map((json) => policy.text.withoutRegistered(json))
  bindings.json = bindings.members.join(',')
  bindings.version = policy.version
}
