/** Attributes as they are recorded: a flat list of keys and values, made into an object only for spans that are kept. */
import type { Attributes } from '@opentelemetry/api'

/** Keys and values in turn; a key set again stands again, and the last one counts. */
export type AttributeList = unknown[]

/** Distinct attributes of a span, an event or a link; more are counted and dropped. */
const MAX_ATTRIBUTES = 128

/** Adds one attribute. False when there is no room. */
export function putAttribute(list: AttributeList, key: string, value: unknown): boolean {
  if (list.length >= 2 * MAX_ATTRIBUTES && !makeRoom(list, key)) return false
  list.push(key, typeof value === 'object' ? snapshot(value, 0) : value)
  return true
}

/** A span that sets the same keys again and again must not grow. */
function makeRoom(list: AttributeList, key: string): boolean {
  const distinct = Object.entries(toAttributes(list))
  list.length = 0
  for (const [name, value] of distinct) list.push(name, value)
  return list.length < 2 * MAX_ATTRIBUTES || distinct.some(([name]) => name === key)
}

/** The attributes as an object. */
export function toAttributes(list: AttributeList | undefined): Attributes {
  const attributes: Attributes = {}
  if (list === undefined) return attributes
  for (let i = 0; i < list.length; i += 2) attributes[list[i] as string] = list[i + 1]
  return attributes
}

const MAX_DEPTH = 4
const MAX_ITEMS = 128

/** What the caller may change later, or what would keep half the heap alive, is copied now; what is no data becomes text. */
function snapshot(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return scalar(value)
  if (value instanceof Uint8Array) return value.slice(0, 4096)
  if (depth === MAX_DEPTH) return '[deep]'
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => snapshot(item, depth + 1))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return describe(value)
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value).slice(0, MAX_ITEMS)) {
    copy[key] = snapshot((value as Record<string, unknown>)[key], depth + 1)
  }
  return copy
}

function scalar(value: unknown): unknown {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
    ? value
    : describe(value)
}

function describe(value: unknown): string {
  try {
    return value instanceof Date ? value.toISOString() : String(value)
  } catch {
    return '[unprintable]'
  }
}
