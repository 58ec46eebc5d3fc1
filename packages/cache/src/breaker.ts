/** Whether Redis is worth asking: opens at the first command that finds it silent or gone, and probes until it answers again. */
import type { Clock, Timer } from '@ops/core'
import { RedisSilentError } from './errors.ts'
import type { RedisLike } from './redis-client.ts'

/** What a {@link Breaker} needs. */
export interface BreakerOptions {
  readonly redis: RedisLike
  readonly clock: Clock
  /** Longest wait for a reply, in milliseconds. */
  readonly timeoutMs: number
  /** Called when Redis answers again after it did not. */
  readonly onRecovered: () => void
  readonly onOpened: (error: unknown) => void
}

const FIRST_PROBE_MS = 50
const MAX_PROBE_MS = 1_000

/** Error replies come from a Redis that lives; everything else is a connection's. */
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Runs commands with a bound on their time, and not at all while Redis is known to be away. */
export class Breaker {
  readonly #options: BreakerOptions
  #open = false
  #closed = false
  #starting: Promise<void> | undefined
  #probe: Timer | undefined
  readonly #stopListening: () => void

  constructor(options: BreakerOptions) {
    this.#options = options
    const { redis } = options
    const onClose = () => this.#trip(new RedisSilentError('the connection was closed'))
    redis.on('close', onClose)
    this.#stopListening = () => redis.off('close', onClose)
    if (redis.status !== 'ready') this.#starting = this.#waitForStart()
  }

  /** True while Redis is not asked. */
  get isOpen(): boolean {
    return this.#open
  }

  /**
   * The reply of `command`.
   *
   * @throws RedisSilentError at once when open, after `timeoutMs` without a reply, or when the connection breaks; Redis's own error replies as they are.
   */
  async run<T>(command: () => Promise<T>): Promise<T> {
    if (this.#starting !== undefined) await this.#starting
    if (this.#open) throw new RedisSilentError('the breaker is open')
    if (this.#options.redis.status !== 'ready') {
      const error = new RedisSilentError(`the connection is ${this.#options.redis.status}`)
      this.#trip(error)
      throw error
    }
    try {
      return await this.#bounded(command)
    } catch (error) {
      if (isReply(error)) throw error
      this.#trip(error)
      throw new RedisSilentError('Redis did not answer', { cause: error })
    }
  }

  /** Stops probing. */
  close(): void {
    this.#closed = true
    this.#stopListening()
    this.#probe?.cancel()
  }

  #bounded<T>(command: () => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options
    return new Promise<T>((resolve, reject) => {
      const timer = clock.setTimeout(() => reject(new RedisSilentError(`no reply after ${timeoutMs} ms`)), timeoutMs)
      command().then(
        (reply) => {
          timer.cancel()
          resolve(reply)
        },
        (error: unknown) => {
          timer.cancel()
          reject(error)
        },
      )
    })
  }

  /** A client that has just been made gets `timeoutMs` to connect before anybody does without it. */
  #waitForStart(): Promise<void> {
    const { redis, clock, timeoutMs } = this.#options
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel()
        redis.off('ready', done)
        this.#starting = undefined
        resolve()
      }
      const timer = clock.setTimeout(done, timeoutMs)
      redis.on('ready', done)
    })
  }

  #trip(error: unknown): void {
    if (this.#open || this.#closed) return
    this.#open = true
    this.#options.onOpened(error)
    this.#probeIn(FIRST_PROBE_MS)
  }

  #probeIn(delayMs: number): void {
    if (this.#closed) return
    this.#probe = this.#options.clock.setTimeout(() => {
      this.#answers().then((answers) => {
        if (answers) this.#recover()
        else this.#probeIn(Math.min(delayMs * 2, MAX_PROBE_MS))
      })
    }, delayMs)
  }

  async #answers(): Promise<boolean> {
    const { redis } = this.#options
    if (redis.status !== 'ready') return false
    try {
      await this.#bounded(() => redis.callBuffer('PING'))
      return true
    } catch (error) {
      return isReply(error)
    }
  }

  #recover(): void {
    if (this.#closed) return
    this.#open = false
    this.#options.onRecovered()
  }
}
