/** The value of a secret: carried everywhere, shown nowhere. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'
import { plainText } from './grammar.ts'

const MASK = '[secret]'

/** A value that nothing prints: every rendering is `[secret]`; {@link Secret.reveal} is the only way in. */
export interface Secret<T = string> {
  /** The value. Call it where the value is used, and keep the secret, not the value. */
  reveal(): T
  /** Compares with another secret, or with text, in time that does not depend on where they differ. */
  equals(other: Secret<T> | string): boolean
  /** The value before the last rotation while both are valid; undefined outside an overlap. */
  readonly previous: Secret<T> | undefined
}

/** Private fields are invisible to inspection with hidden members, spread, JSON and structured clone alike. */
class MaskedSecret<T> implements Secret<T> {
  readonly #value: T
  readonly #text: string
  readonly #previous: Secret<T> | undefined

  constructor(value: T, text: string, previous: Secret<T> | undefined) {
    this.#value = value
    this.#text = text
    this.#previous = previous
    Object.freeze(this)
  }

  get previous(): Secret<T> | undefined {
    return this.#previous
  }
  reveal(): T {
    return this.#value
  }
  /** The same value with its overlap ended. */
  static alone<T>(secret: MaskedSecret<T>): MaskedSecret<T> {
    return secret.#previous === undefined ? secret : new MaskedSecret(secret.#value, secret.#text, undefined)
  }
  equals(other: Secret<T> | string): boolean {
    const text = typeof other === 'string' ? other : #text in other ? (other as MaskedSecret<T>).#text : undefined
    return text !== undefined && timingSafeEqual(digest(this.#text), digest(text))
  }
  toString(): string {
    return MASK
  }
  toJSON(): string {
    return MASK
  }
  [Symbol.toPrimitive](): string {
    return MASK
  }
  [inspect.custom](): string {
    return MASK
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** True for a secret of this copy of the package. */
export function isSecret(value: unknown): value is Secret<unknown> {
  return value instanceof MaskedSecret
}

/** The same secret once its overlap has ended. */
export function withoutPrevious<T>(secret: Secret<T>): Secret<T> {
  return secret instanceof MaskedSecret ? MaskedSecret.alone(secret) : secret
}

/**
 * Wraps a value; the configuration does it for every `secret(…)`, tests do it by hand.
 * `text` is the form {@link Secret.equals} compares, @defaultValue the value itself or its JSON.
 */
export function createSecret<T>(
  value: T,
  options: { readonly text?: string; readonly previous?: Secret<T> | undefined } = {},
): Secret<T> {
  const text = options.text ?? plainText(value)
  return new MaskedSecret(value, text, options.previous)
}
