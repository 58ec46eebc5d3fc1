/** Remembers what each key means, because the same few keys come back with every line. */
import { judgeKey, type KeyRule } from './key-rules.ts'

/** A key as the writer needs it. */
export interface KeyEntry {
  /** The key in JSON with its colon, secrets taken out. */
  readonly json: string
  readonly rule: KeyRule
  /** Nothing to do but write the value. */
  readonly simple: boolean
}

/** Keys may come from callers' data: what is remembered is bounded. */
const MAX_KEYS = 2000
const MAX_KEY_LENGTH = 256

/** Options of {@link KeyBook}. */
export interface KeyBookOptions {
  /** Keys that are secret besides the built-in ones. */
  readonly secretKeys: readonly string[]
  /** Keys that are not secret whatever the built-in rules say. */
  readonly plainKeys: readonly string[]
  /** JSON of a key's text, redacted. */
  readonly writeKey: (key: string) => string
}

/** The rule of what has no key. */
export const PLAIN: KeyRule = judgeKey('')

/** Keys and what they mean. */
export class KeyBook {
  readonly #entries = new Map<string, KeyEntry>()
  readonly #overrides: ReadonlyMap<string, KeyRule>
  readonly #writeKey: (key: string) => string

  constructor(options: KeyBookOptions) {
    this.#writeKey = options.writeKey
    this.#overrides = new Map([
      ...options.secretKeys.map((key): [string, KeyRule] => [
        key,
        { ...judgeKey(key), treatment: 'secret', measure: false },
      ]),
      ...options.plainKeys.map((key): [string, KeyRule] => [key, { ...judgeKey(key), treatment: 'plain' }]),
    ])
  }

  /** The entry of `key`. */
  entry(key: string): KeyEntry {
    return this.#entries.get(key) ?? this.#learn(key)
  }

  /** The rule of `key`, as found in text. */
  readonly judge = (key: string): KeyRule => this.entry(key).rule

  /** Forgets: the texts of keys may hold secrets that were not known before. */
  clear(): void {
    this.#entries.clear()
  }

  #learn(key: string): KeyEntry {
    if (this.#entries.size >= MAX_KEYS) this.#entries.clear()
    const rule = this.#overrides.get(key) ?? judgeKey(key)
    const simple =
      rule.treatment === 'plain' && !rule.label && !rule.content && key !== 'type' && key !== 'err' && key !== 'error'
    const entry: KeyEntry = { json: `${this.#writeKey(key)}:`, rule, simple }
    if (key.length <= MAX_KEY_LENGTH) this.#entries.set(key, entry)
    return entry
  }
}
