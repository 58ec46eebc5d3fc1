/**
 * The one pass: reads each value once and writes it as JSON, redacted by key and by content. Never throws; what cannot
 * be written becomes a marker. May be entered again from a getter or `toJSON` that logs.
 */

import { isCardNumber } from './cards.ts'
import { isPlain, writeSpecial } from './containers.ts'
import { cutText } from './cut-text.ts'
import { REDACTED } from './hits.ts'
import type { KeyRule } from './key-rules.ts'
import { type KeyBook, type KeyEntry, PLAIN } from './keys.ts'
import { KnownText } from './known-text.ts'
import { CIRCULAR, messageOf, truncated } from './markers.ts'
import { quote, scan } from './scan.ts'
import { announcedBy, inheritable, Siblings } from './siblings.ts'
import type { TextRedactor } from './text-redactor.ts'
import { hides, isSessionId, numberTellsNothing, tellsNothing, tryMask } from './treatment.ts'

const MAX_DEPTH = 12
const MAX_KEYS = 200
const MAX_ITEMS = 200
const MAX_STRING = 32_768
const MAX_NODES = 5000
const HIDDEN = `"${REDACTED}"`
const CARD_MIN = 1e12

type Fields = Readonly<Record<string, unknown>>

/** What a {@link Writer} works with. */
export interface WriterOptions {
  readonly keys: KeyBook
  readonly text: TextRedactor
  /** True where personal names are allowed: the audit stream. */
  readonly namesAllowed: boolean
}

/** Writes values as redacted JSON. */
export class Writer {
  readonly keys: KeyBook
  readonly text: TextRedactor
  /** Text that was found clean. */
  readonly known: KnownText = new KnownText()
  readonly #namesAllowed: boolean
  readonly #stack: unknown[] = []
  #base = 0
  #nodes = 0
  #liftingFrom: object | undefined = undefined
  /** JSON of the error that {@link fields} met last; whoever reads it clears it. */
  lifted: string | undefined = undefined
  /** JSON of the message of the error written last. */
  errorMessage: string | undefined = undefined

  constructor(options: WriterOptions) {
    this.keys = options.keys
    this.text = options.text
    this.#namesAllowed = options.namesAllowed
  }

  /** JSON of one value under `rule`; undefined for what JSON leaves out. Starts a pass of its own, with its own limits. */
  write(value: unknown, rule: KeyRule = PLAIN): string | undefined {
    const base = this.#base
    const nodes = this.#nodes
    this.#base = this.#stack.length
    this.#nodes = 0
    const json = this.value(value, rule)
    this.#base = base
    this.#nodes = nodes
    return json
  }

  /**
   * The caller's fields without their braces. An error, given as such or under `err` or `error`, is left out and kept
   * in {@link lifted}: it has a place of its own in the line.
   */
  fields(value: object): string {
    const liftingFrom = this.#liftingFrom
    const base = this.#base
    const nodes = this.#nodes
    this.#liftingFrom = value
    this.#base = this.#stack.length
    this.#nodes = 0
    const json = this.#inner(value)
    this.#liftingFrom = liftingFrom
    this.#base = base
    this.#nodes = nodes
    return json
  }

  /** Members of the caller's object; of anything else as the member `value`. */
  #inner(value: object): string {
    try {
      this.#stack.push(value)
      if (isPlain(value)) return this.members(value, PLAIN)
      const json = Array.isArray(value) ? this.#array(value, PLAIN) : writeSpecial(this, value, PLAIN)
      return json.charCodeAt(0) === 123 ? json.slice(1, -1) : `"value":${json}`
    } catch (error) {
      return `"value":${this.throwsMarker(error)}`
    } finally {
      this.#stack.length = this.#base
    }
  }

  /** @see write, within the pass that runs. */
  value(value: unknown, rule: KeyRule): string | undefined {
    if (rule.treatment !== 'plain') return this.#treated(value, rule)
    switch (typeof value) {
      case 'string':
        return this.string(value)
      case 'number':
        return this.#number(value)
      case 'boolean':
        return value ? 'true' : 'false'
      case 'object':
        return value === null ? 'null' : this.object(value, rule)
      case 'bigint':
        return this.string(value.toString())
      case 'symbol':
        return this.string(value.toString())
      default:
        return undefined
    }
  }

  /** JSON of text. */
  string(value: string): string {
    if (value.length > MAX_STRING) return this.#longString(value)
    const known = this.known.get(value)
    if (known !== undefined) return known
    const found = scan(value)
    if (!this.text.isSuspect(value, found)) return quote(value, found)
    const clean = this.#redact(value, found)
    if (clean !== value) return JSON.stringify(clean)
    const json = quote(value, found)
    this.known.learn(value, json)
    return json
  }

  #redact(value: string, found: number): string {
    try {
      return this.text.redact(value, found)
    } catch (error) {
      return `[Throws: ${error instanceof RangeError ? 'too large' : 'unreadable'}]`
    }
  }

  #longString(value: string): string {
    return JSON.stringify(
      cutText(value, {
        most: MAX_STRING,
        longest: this.text.longest,
        redact: (text) => this.#redact(text, scan(text)),
      }),
    )
  }

  #number(value: number): string {
    if (value >= CARD_MIN && Number.isInteger(value) && isCardNumber(String(value))) {
      this.text.onHit.card()
      return HIDDEN
    }
    if (Number.isFinite(value)) {
      const json = `${value}`
      return json.length >= this.text.shortest && this.text.withoutRegistered(json) !== json ? HIDDEN : json
    }
    return `"${value}"`
  }

  #hide(): string {
    this.text.onHit.key()
    return HIDDEN
  }

  /** A value whose key says more than "write it". */
  #treated(value: unknown, rule: KeyRule): string | undefined {
    if (value === undefined || typeof value === 'function') return undefined
    if (value === null || typeof value === 'boolean') return String(value)
    const { treatment } = rule
    if (treatment === 'person-name') return this.value(value, PLAIN)
    if (hides(treatment)) return this.#secret(value, rule)
    if (treatment === 'session') return isSessionId(value) ? this.#hide() : this.value(value, PLAIN)
    if (treatment === 'name' && this.#namesAllowed) return this.value(value, PLAIN)
    if (typeof value === 'object') return this.object(value, rule)
    const text = String(value)
    const masked = typeof value === 'number' && treatment !== 'phone' ? undefined : tryMask(treatment, text)
    if (masked === undefined || masked === text) return this.value(value, PLAIN)
    this.text.onHit[treatment as 'phone' | 'email' | 'name']()
    return this.string(masked)
  }

  #secret(value: unknown, rule: KeyRule): string {
    if (typeof value === 'string') return tellsNothing(rule, value) ? this.string(value) : this.#hide()
    if (typeof value === 'number' || typeof value === 'bigint') {
      return numberTellsNothing(rule, value) ? `${value}` : this.#hide()
    }
    if (rule.measure && value instanceof Date) return this.object(value, PLAIN)
    return this.#hide()
  }

  /** JSON of any object. `rule` is its key's, which what is inside may inherit. */
  object(value: object, rule: KeyRule): string {
    const stack = this.#stack
    const height = stack.length
    if (++this.#nodes > MAX_NODES || height - this.#base >= MAX_DEPTH) return `"${truncated(1)}"`
    for (let i = this.#base; i < height; i++) if (stack[i] === value) return CIRCULAR
    stack.push(value)
    try {
      if (Array.isArray(value)) return this.#array(value, rule)
      if (isPlain(value)) return `{${this.members(value, rule)}}`
      return writeSpecial(this, value, rule)
    } catch (error) {
      return this.throwsMarker(error)
    } finally {
      stack.length = height
    }
  }

  /** In place of a part whose reading threw. */
  throwsMarker(error: unknown): string {
    return this.string(`[Throws: ${messageOf(error).slice(0, 200)}]`)
  }

  /** JSON of one item or member inside an array, `Map` or the like, after a sibling said what it is. */
  #array(items: readonly unknown[], rule: KeyRule): string {
    const count = Math.min(items.length, MAX_ITEMS)
    const inherited = inheritable(rule)
    let next: KeyRule | undefined
    let out = ''
    for (let i = 0; i < count; i++) {
      let json: string | undefined
      try {
        const item: unknown = items[i]
        json = this.value(item, next ?? inherited)
        next =
          typeof item === 'string'
            ? announcedBy(item, { index: i, length: items.length, judge: this.keys.judge })
            : undefined
      } catch (error) {
        json = this.throwsMarker(error)
      }
      out += i === 0 ? (json ?? 'null') : `,${json ?? 'null'}`
      if (this.#nodes > MAX_NODES) return `[${out},"${truncated(items.length - i - 1)}"]`
    }
    return items.length > count ? `[${out},"${truncated(items.length - count)}"]` : `[${out}]`
  }

  /** The members of an object, without the braces. */
  members(value: object, rule: KeyRule): string {
    const keys = Object.keys(value)
    const count = Math.min(keys.length, MAX_KEYS)
    const free = !rule.person && rule.treatment === 'plain'
    let siblings: Siblings | undefined
    let out = ''
    for (let i = 0; i < count; i++) {
      const key = keys[i] as string
      const entry = this.keys.entry(key)
      let json: string | undefined
      try {
        const member = (value as Fields)[key]
        if (entry.simple && free) json = this.value(member, entry.rule)
        else json = this.#related((siblings ??= new Siblings(keys, rule, value === this.#liftingFrom)), entry, member)
      } catch (error) {
        json = this.throwsMarker(error)
      }
      if (json === undefined) continue
      out += out === '' ? entry.json + json : `,${entry.json}${json}`
      if (this.#nodes > MAX_NODES) return `${out},"…":"${truncated(keys.length - i - 1)}"`
    }
    if (siblings !== undefined) out = this.#deferred(out, siblings)
    return keys.length > count ? `${out}${out === '' ? '' : ','}"…":"${truncated(keys.length - count)}"` : out
  }

  /** A member whose meaning its parent or a sibling may change. */
  #related(siblings: Siblings, entry: KeyEntry, member: unknown): string | undefined {
    const own = siblings.ruleOf(entry.rule)
    if (siblings.isErrorField(entry, member)) {
      this.lifted = this.value(member, PLAIN)
      return undefined
    }
    siblings.observe(entry, member, this.keys.judge)
    if (siblings.isBufferData(entry, member)) return `"[Buffer ${(member as unknown[]).length}]"`
    if (!entry.rule.content || own.treatment !== 'plain') return this.value(member, own)
    if (siblings.label === undefined && siblings.mayGetLabel(this.keys)) {
      siblings.deferred.push([entry, member])
      return undefined
    }
    return this.value(member, siblings.label ?? own)
  }

  /** Values that stood before the sibling that names them. */
  #deferred(written: string, siblings: Siblings): string {
    let out = written
    for (const [entry, member] of siblings.deferred) {
      const json = this.value(member, siblings.label ?? entry.rule)
      if (json !== undefined) out += `${out === '' ? '' : ','}${entry.json}${json}`
    }
    return out
  }
}
