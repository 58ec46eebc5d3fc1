/** What a child adds to every line: rendered once, read once, and cleaned again when a new secret becomes known. */
import type { Policy } from './redact/policy.ts'

/** Members by key, each as JSON with its key. */
export interface Bindings {
  readonly component: string | undefined
  /** JSON of the members, comma separated. */
  json: string
  readonly members: Map<string, string>
  version: number
}

/** No bindings. */
export function createBindings(policy: Policy): Bindings {
  return { component: undefined, json: '', members: new Map(), version: policy.version }
}

function read(bindings: object, key: string): unknown {
  try {
    return (bindings as Readonly<Record<string, unknown>>)[key]
  } catch (error) {
    return `[Throws: ${error instanceof Error ? error.message : 'unreadable'}]`
  }
}

/** `parent`'s members and those of `added`, which replace members of the same key. */
export function extendBindings(policy: Policy, parent: Bindings, added: Readonly<Record<string, unknown>>): Bindings {
  const { writer } = policy
  const members = new Map(parent.members)
  let component = parent.component
  for (const key of keysOf(added)) {
    const value = read(added, key)
    const entry = writer.keys.entry(key)
    const json = writer.write(value, entry.rule)
    if (json !== undefined) members.set(key, entry.json + json)
    if (key === 'component' && typeof value === 'string') component = value
  }
  return { component, json: [...members.values()].join(','), members, version: policy.version }
}

function keysOf(value: object): readonly string[] {
  try {
    return Object.keys(value)
  } catch {
    return []
  }
}

/** JSON of the members without those that `fields` replaces. */
export function bindingsJson(policy: Policy, bindings: Bindings, fields: object | undefined): string {
  if (bindings.version !== policy.version) refresh(policy, bindings)
  if (fields === undefined || bindings.json === '') return bindings.json
  for (const key of bindings.members.keys()) if (has(fields, key)) return without(bindings, fields)
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
  return Array.from(bindings.members, ([key, json]) => (has(fields, key) ? '' : json))
    .filter((json) => json !== '')
    .join(',')
}

function refresh(policy: Policy, bindings: Bindings): void {
  for (const [key, json] of bindings.members) bindings.members.set(key, policy.text.withoutRegistered(json))
  bindings.json = [...bindings.members.values()].join(',')
  bindings.version = policy.version
}
