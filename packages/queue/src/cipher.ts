/** The encryption hook: what jobs carry is ciphertext in Redis, and nothing falls back to plaintext. */
import { InvalidPayloadError, ThrottledError } from './errors.ts'

/** What a ciphertext belongs to: a cipher that authenticates it keeps jobs of two tenants or queues from being swapped. */
export interface CipherBinding {
  readonly queue: string
  readonly job: string
  readonly tenant: string | undefined
}

/** Encrypts what is stored. Both may throw `retryAfter(ms)` when a key cannot be had yet: jobs then wait, uncharged. */
export interface Cipher {
  /** Text that {@link Cipher.decrypt} turns back; it should name its key, so that keys can be rotated. */
  encrypt(plaintext: string, binding: CipherBinding): string | Promise<string>
  /** Throws for anything that was not encrypted for this binding: the job becomes a dead letter. */
  decrypt(ciphertext: string, binding: CipherBinding): string | Promise<string>
  /** True: takes jobs that were enqueued before there was a cipher. Only while changing over. @defaultValue false */
  readonly acceptsPlaintext?: boolean
}

/** A value as it is stored. */
export interface Sealed {
  readonly value: unknown
  readonly encrypted: boolean
}

/** A queue's cipher, or its absence: the one way by which values of jobs go into Redis and come out. */
export class Secrecy {
  readonly #queue: string
  readonly #cipher: Cipher | undefined

  constructor(queue: string, cipher: Cipher | undefined) {
    this.#queue = queue
    this.#cipher = cipher
  }

  /** True when values are encrypted. */
  get on(): boolean {
    return this.#cipher !== undefined
  }

  /** The ciphertext of a value; only where {@link Secrecy.on}. @throws what the cipher throws */
  async seal(value: unknown, of: { readonly job: string; readonly tenant: string | undefined }): Promise<string> {
    const { job, tenant } = of
    if (this.#cipher === undefined) throw new TypeError(`Cannot encrypt for queue ${this.#queue}: it has no cipher`)
    const json = JSON.stringify({ value })
    const sealed = await this.#cipher.encrypt(json, { queue: this.#queue, job, tenant })
    if (typeof sealed !== 'string' || sealed.includes(json))
      throw new TypeError(
        `Cannot encrypt for job ${job}: its cipher gave no ciphertext, expected text that is not the plaintext`,
      )
    return sealed
  }

  /** The value behind what is stored. @throws InvalidPayloadError when it cannot be told, ThrottledError when not yet */
  async open(
    { value, encrypted }: Sealed,
    of: { readonly job: string; readonly tenant: string | undefined },
  ): Promise<unknown> {
    const { job, tenant } = of
    const cipher = this.#cipher
    if (!encrypted) {
      if (cipher === undefined || cipher.acceptsPlaintext === true) return value
      throw new InvalidPayloadError(job, 'it is not encrypted, expected ciphertext')
    }
    if (cipher === undefined) throw new InvalidPayloadError(job, 'it is encrypted, expected a queue with its cipher')
    try {
      const json = await cipher.decrypt(String(value), { queue: this.#queue, job, tenant })
      return (JSON.parse(json) as { readonly value?: unknown }).value
    } catch (error) {
      if (error instanceof ThrottledError) throw error
      // What the cipher said stays here: it may quote what it was given.
      throw new InvalidPayloadError(job, 'it cannot be decrypted')
    }
  }
}
