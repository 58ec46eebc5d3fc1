/**
 * Invalidation messages between processes, on a connection of their own, and the proof that they arrive: a heartbeat sent to
 * oneself. The in-process tier may be read only while the last proof is younger than `maxLagMs`.
 */
import { type Clock, createSpanId, type Timer } from '@ops/core'
import type { RedisLike } from './redis-client.ts'

/** What a {@link Backplane} needs. */
export interface BackplaneOptions {
  readonly redis: RedisLike
  readonly channel: string
  readonly clock: Clock
  readonly heartbeatMs: number
  readonly maxLagMs: number
  /** Publishes on the command connection, bounded in time. */
  readonly publish: (channel: string, message: string) => Promise<unknown>
  readonly onMessage: (message: string) => void
  /** Messages may have been missed: whatever they would have removed must go. */
  readonly onGap: () => void
}

/** Delivers other processes' invalidations. */
export class Backplane {
  /** Monotonic time until which the in-process tier is proven to be up to date within the bound. */
  validUntil: number = Number.NEGATIVE_INFINITY
  /** From sending the last heartbeat to its arrival, in seconds. */
  lagSeconds = 0
  readonly #options: BackplaneOptions
  #subscriber: RedisLike | undefined
  readonly #ownChannel: string
  readonly #timer: Timer
  readonly #sent = new Map<string, number>()
  #subscribed = false
  #closed = false

  constructor(options: BackplaneOptions) {
    this.#options = options
    this.#ownChannel = `${options.channel}:${createSpanId()}`
    this.#connect()
    this.#timer = options.clock.setInterval(() => void this.#beat(), options.heartbeatMs)
  }

  /** Ends the connection. */
  close(): void {
    this.#closed = true
    this.#timer.cancel()
    this.#lose()
    this.#subscriber?.disconnect()
  }

  #connect(): void {
    const subscriber = subscriberOf(this.#options.redis)
    if (subscriber === undefined) return
    this.#subscriber = subscriber
    subscriber.on('error', () => {})
    subscriber.on('message', (channel, message) => this.#receive(String(channel), String(message)))
    subscriber.on('ready', () => void this.#subscribe(subscriber))
    subscriber.on('close', () => this.#lose())
    // A node of a Cluster may be gone for good: the next heartbeat takes another one.
    subscriber.on('end', () => {
      if (this.#subscriber === subscriber) this.#subscriber = undefined
    })
    if (subscriber.status === 'ready') void this.#subscribe(subscriber)
  }

  async #subscribe(subscriber: RedisLike): Promise<void> {
    try {
      await subscriber.subscribe(this.#options.channel, this.#ownChannel)
      this.#gap()
      this.#subscribed = true
      await this.#beat()
    } catch {
      // The connection has broken again, or Redis is loading; the heartbeat tries once more while it stays ready.
      this.#lose()
    }
  }

  async #beat(): Promise<void> {
    if (this.#closed) return
    if (!this.#subscribed) {
      if (this.#subscriber === undefined) this.#connect()
      else if (this.#subscriber.status === 'ready') await this.#subscribe(this.#subscriber)
      return
    }
    const now = this.#options.clock.monotonic()
    for (const [nonce, sentAt] of this.#sent) if (now - sentAt > this.#options.maxLagMs) this.#sent.delete(nonce)
    const nonce = createSpanId()
    this.#sent.set(nonce, now)
    // A refusal is known to the breaker; without its echo the proof runs out by itself.
    await this.#options.publish(this.#ownChannel, nonce).catch(() => {})
  }

  #receive(channel: string, message: string): void {
    if (channel !== this.#ownChannel) {
      if (channel === this.#options.channel) this.#options.onMessage(message)
      return
    }
    const sentAt = this.#sent.get(message)
    this.#sent.delete(message)
    if (sentAt === undefined || !this.#subscribed) return
    const now = this.#options.clock.monotonic()
    this.lagSeconds = (now - sentAt) / 1000
    if (now >= this.validUntil) this.#options.onGap()
    this.validUntil = Math.max(this.validUntil, sentAt + this.#options.maxLagMs)
  }

  /** Heartbeats sent before the gap prove nothing about what came in between. */
  #gap(): void {
    this.#sent.clear()
    this.validUntil = Number.NEGATIVE_INFINITY
    this.#options.onGap()
  }

  /** What is held stays, for want of better, but is not read as fresh until a new subscription has emptied the tier. */
  #lose(): void {
    this.#subscribed = false
    this.#sent.clear()
    this.validUntil = Number.NEGATIVE_INFINITY
  }
}

/** The subscription is made anew here. ioredis 6.0 would do so with a promise nobody holds: lost once more, it would end the process. */
const SUBSCRIBER = { autoResubscribe: false }

/**
 * A connection to subscribe on; undefined while a Cluster is not known yet. In a Cluster it is one of a node's own: it hears
 * the messages of all nodes, and, unlike the Cluster's, says when it is lost.
 */
function subscriberOf(redis: RedisLike): RedisLike | undefined {
  if (redis.isCluster !== true || redis.nodes === undefined) return redis.duplicate(SUBSCRIBER as never)
  const nodes = redis.nodes('master')
  const node = nodes[Math.floor(nodes.length / 2)]
  return node?.duplicate({ ...SUBSCRIBER, lazyConnect: false, retryStrategy: null } as never)
}
