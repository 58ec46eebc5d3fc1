/** What the members of one object say about each other: `{ name: 'password', value }`, `{ type: 'Buffer', data }`, a person's `name`. */
import { isError } from './errors-of-any-realm.ts'
import { judgeKey, KEY_STEM, type KeyRule } from './key-rules.ts'
import { type KeyBook, type KeyEntry, PLAIN } from './keys.ts'
import { hides } from './treatment.ts'

const MAX_LABEL = 64
const NAME: KeyRule = judgeKey('full_name')
// biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range is what is meant
const NOT_ASCII = /[^\x00-\x7f]/
const LEET = /[a-z$@!][013457$@!]+[a-z]/i

/** True for text that could be a telling key. */
function mayBeKey(text: string): boolean {
  return KEY_STEM.test(text) || NOT_ASCII.test(text) || LEET.test(text)
}

/** The part of a key's rule that holds for what is inside its value. */
export function inheritable(rule: KeyRule): KeyRule {
  return rule.treatment === 'phone' || rule.treatment === 'email' || rule.treatment === 'name' || rule.person
    ? rule
    : PLAIN
}

/** Where an item stands, and how keys are judged. */
export interface ItemPlace {
  readonly index: number
  readonly length: number
  readonly judge: (key: string) => KeyRule
}

/** What a text item says about the item behind it: in `[key, value]`, in flat header lists and after a command line's flags. */
export function announcedBy(item: string, { index, length, judge }: ItemPlace): KeyRule | undefined {
  const flag = item.startsWith('-')
  if (item.length > MAX_LABEL || index + 1 >= length || (index % 2 === 1 && !flag) || !mayBeKey(item)) return undefined
  const rule = judge(item)
  if (rule.treatment === 'plain' || rule.treatment === 'person-name') return undefined
  if (length === 2 || flag) return rule
  return length % 2 === 0 && (hides(rule.treatment) || rule.treatment === 'session') ? rule : undefined
}

/** The last text of a label: `'password'` of `['body', 'password']`. */
function labelText(member: unknown): string | undefined {
  const last: unknown = Array.isArray(member) ? member.at(-1) : member
  return typeof last === 'string' && last.length <= MAX_LABEL ? last : undefined
}

/** State while the members of one object are written. */
export class Siblings {
  /** What the label says about the content. */
  label: KeyRule | undefined = undefined
  /** Contents met before a label. */
  readonly deferred: [KeyEntry, unknown][] = []
  readonly #keys: readonly string[]
  readonly #parent: KeyRule
  readonly #top: boolean
  #type: unknown = undefined

  constructor(keys: readonly string[], parent: KeyRule, top: boolean) {
    this.#keys = keys
    this.#parent = parent
    this.#top = top
  }

  /** True for the error of a record, given as one of its fields. */
  isErrorField(entry: KeyEntry, member: unknown): boolean {
    if (!this.#top || (entry.json !== '"err":' && entry.json !== '"error":')) return false
    return typeof member === 'object' && member !== null && isError(member)
  }

  /** The rule of a member, given its parent's. */
  ruleOf(own: KeyRule): KeyRule {
    if (own.treatment === 'person-name') return this.#parent.person || this.#parent.treatment === 'name' ? NAME : PLAIN
    if (own.treatment !== 'plain' || this.#parent.treatment === 'plain') return own
    return inheritable(this.#parent)
  }

  /** Takes note of labels and types. */
  observe(entry: KeyEntry, member: unknown, judge: (key: string) => KeyRule): void {
    if (entry.json === '"type":') this.#type = member
    if (!entry.rule.label) return
    const text = labelText(member)
    if (text === undefined || !mayBeKey(text)) return
    const rule = judge(text)
    if (rule.treatment !== 'plain' && rule.treatment !== 'person-name') this.label = rule
  }

  /** A Buffer that went through `toJSON`: its bytes are text to whoever reads them. */
  isBufferData(entry: KeyEntry, member: unknown): boolean {
    return this.#type === 'Buffer' && entry.json === '"data":' && Array.isArray(member)
  }

  /** True when one of the keys could be a label. */
  mayGetLabel(keys: KeyBook): boolean {
    return this.#keys.length <= 16 && this.#keys.some((key) => keys.entry(key).rule.label)
  }
}
