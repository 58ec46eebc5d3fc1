/** Objects that are more than their members: dates, errors, bytes, collections, headers, messages, boxed values. */
import { types } from 'node:util'
import { writeError } from './error-fields.ts'
import { isError } from './errors-of-any-realm.ts'
import { reduceMessage } from './http-messages.ts'
import type { KeyRule } from './key-rules.ts'
import { PLAIN } from './keys.ts'
import { truncated } from './markers.ts'
import { inheritable } from './siblings.ts'
import type { ValueWriter } from './value-writer.ts'

const MAX_ITEMS = 200
const ENTRY_TAGS = new Set(['[object Headers]', '[object URLSearchParams]', '[object FormData]'])
const OPAQUE_TAGS = new Set([
  '[object Blob]',
  '[object File]',
  '[object Promise]',
  '[object WeakMap]',
  '[object WeakSet]',
  '[object WeakRef]',
  '[object Generator]',
  '[object AsyncGenerator]',
])

type Json = string | undefined

/** True for objects that are no more than their members. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    (prototype === Object.prototype || prototype === null) &&
    typeof (value as { readonly toJSON?: unknown }).toJSON !== 'function'
  )
}

/** Members of anything that yields `[key, value]`. Keys that come twice are numbered by JSON's rules: the last wins for readers, none is hidden. */
function writeEntries(writer: ValueWriter, entries: Iterable<readonly [unknown, unknown]>, parent: KeyRule): string {
  const inherited = inheritable(parent)
  let out = ''
  let count = 0
  for (const [key, value] of entries) {
    if (++count > MAX_ITEMS) return `{${out},"…":"${truncated(1)}"}`
    const entry = writer.keys.entry(keyText(key))
    const rule = entry.rule.treatment === 'plain' && inherited.treatment !== 'plain' ? inherited : entry.rule
    const json = writer.value(value, rule) ?? 'null'
    out += `${out === '' ? '' : ','}${entry.json}${json}`
  }
  return `{${out}}`
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key
  if (typeof key === 'symbol') return key.description ?? ''
  return typeof key === 'object' || typeof key === 'function' ? '[Object]' : String(key)
}

function writeItems(writer: ValueWriter, items: Iterable<unknown>, parent: KeyRule): string {
  const inherited = inheritable(parent)
  const out: string[] = []
  for (const item of items) {
    if (out.length >= MAX_ITEMS) {
      out.push(`"${truncated(1)}"`)
      break
    }
    out.push(writer.value(item, inherited) ?? 'null')
  }
  return `[${out.join(',')}]`
}

function writeBytes(value: object): Json {
  if (ArrayBuffer.isView(value)) {
    const name = Buffer.isBuffer(value)
      ? 'Buffer'
      : types.isDataView(value)
        ? 'DataView'
        : types.isUint8Array(value)
          ? 'Uint8Array'
          : 'TypedArray'
    return `"[${name} ${value.byteLength}]"`
  }
  return types.isAnyArrayBuffer(value) ? `"[ArrayBuffer ${(value as ArrayBuffer).byteLength}]"` : undefined
}

function writeDate(value: Date): string {
  const time = Date.prototype.getTime.call(value)
  return Number.isNaN(time) ? 'null' : `"${new Date(time).toISOString()}"`
}

function unbox(value: object): unknown {
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value)
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value)
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value)
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value)
  return Symbol.prototype.valueOf.call(value)
}

/** What the engine itself knows, whatever the object says about itself. */
function writeBuiltIn(writer: ValueWriter, value: object, rule: KeyRule): Json {
  if (types.isDate(value)) return writeDate(value)
  if (isError(value)) return writeError(writer, value)
  const bytes = writeBytes(value)
  if (bytes !== undefined) return bytes
  if (types.isMap(value)) return writeEntries(writer, Map.prototype.entries.call(value), rule)
  if (types.isSet(value)) return writeItems(writer, Set.prototype.values.call(value), rule)
  if (types.isBoxedPrimitive(value)) return writer.value(unbox(value), rule) ?? 'null'
  return types.isRegExp(value) ? writer.string(RegExp.prototype.toString.call(value)) : undefined
}

/** What says what it is by its tag; works across realms and copies of undici. */
function writeTagged(writer: ValueWriter, value: object, rule: KeyRule): Json {
  const tag = Object.prototype.toString.call(value)
  if (tag === '[object URL]') return writer.string(String((value as URL).href))
  if (ENTRY_TAGS.has(tag)) return writeEntries(writer, value as Iterable<readonly [unknown, unknown]>, rule)
  return OPAQUE_TAGS.has(tag) ? `"[${tag.slice(8, -1)}]"` : undefined
}

/** JSON of an object that is not a plain one. `undefined` results of `toJSON` become `null`. */
export function writeSpecial(writer: ValueWriter, value: object, rule: KeyRule): string {
  const known = writeBuiltIn(writer, value, rule) ?? writeTagged(writer, value, rule)
  if (known !== undefined) return known
  const message = reduceMessage(value)
  if (message !== undefined) return `{${writer.members(message, PLAIN)}}`
  const toJson: unknown = (value as { readonly toJSON?: unknown }).toJSON
  if (typeof toJson !== 'function') return `{${writer.members(value, rule)}}`
  const plain: unknown = Reflect.apply(toJson, value, [''])
  if (plain === value) return `{${writer.members(value, rule)}}`
  return writer.value(plain, inheritable(rule)) ?? 'null'
}
