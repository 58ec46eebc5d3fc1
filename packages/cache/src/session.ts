/** Sessions on Redis for express-session and @fastify/session: tenant-scoped, with idle and absolute expiry, destroyed for good. */
import { type Duration, parseDuration, requireTenant } from '@ops/core'
import type { Cache } from './cache.ts'
import { compress, decodeValue, encodeValue, expand, isCompressed } from './codec.ts'
import { CacheUnavailableError } from './errors.ts'
import { type CacheParts, partsOf } from './parts.ts'
import { SESSION_DESTROY, SESSION_TOUCH, SESSION_WRITE } from './session-scripts.ts'
import { hashText, sessionKeys } from './tenant-key.ts'

/** Node-style completion. */
export type SessionCallback<T = unknown> = (error?: unknown, result?: T | null) => void

/** A session as either framework hands it over: its cookie and whatever the application put in. */
export interface StoredSession {
  cookie: { readonly originalMaxAge?: number | null | undefined; readonly expires?: unknown }
}

/** The methods both frameworks call. */
export interface SessionStore {
  get(sid: string, callback: SessionCallback<never>): void
  set(sid: string, session: StoredSession, callback?: SessionCallback): void
  destroy(sid: string, callback?: SessionCallback): void
  /** Only express-session calls it: a request that changed nothing extends the session. */
  touch(sid: string, session: StoredSession, callback?: SessionCallback): void
}

/** Options of a session store. */
export interface SessionStoreOptions<S extends object = object> {
  /**
   * `session.Store` of express-session: the store becomes one of its instances. Not needed for @fastify/session.
   *
   * @defaultValue a plain object
   */
  readonly Store?: abstract new () => S
  /** Whose session is read, when the store is called. @defaultValue the tenant of the running context, required */
  readonly tenant?: () => string
  /** Life without a request; a shorter `maxAge` of the cookie wins. @defaultValue '30m' */
  readonly idleTimeout?: Duration
  /** Life since the first write, whatever happens. @defaultValue '12h' */
  readonly absoluteTimeout?: Duration
}

const MAX_SESSION_BYTES = 2 ** 20

interface Sessions {
  readonly parts: CacheParts
  readonly tenant: () => string
  readonly idleMs: number
  readonly absoluteMs: number
}

/**
 * Creates a session store on the cache's Redis. Nothing of it is held in this process. While Redis does not answer, every call
 * fails: a session is never assumed. A session that was destroyed or has reached its absolute end stays so: what a request still
 * running writes to it is dropped, for longer than a session can live.
 *
 * @throws TypeError or RangeError for a cache of another making or durations out of range.
 * @example
 * app.use(session({ store: createSessionStore(cache, { Store: session.Store }), secret, resave: false, saveUninitialized: false }))
 */
export function createSessionStore<S extends object = object>(
  cache: Cache,
  options: SessionStoreOptions<S> = {},
): SessionStore & S {
  const sessions: Sessions = {
    parts: partsOf(cache),
    tenant: options.tenant ?? (() => requireTenant('use a session')),
    idleMs: positiveMs('idleTimeout', options.idleTimeout ?? '30m'),
    absoluteMs: positiveMs('absoluteTimeout', options.absoluteTimeout ?? '12h'),
  }
  const methods: SessionStore = {
    get: (sid, callback) => settle(read(sessions, sid) as Promise<never>, callback),
    set: (sid, session, callback) => settle(write(sessions, sid, session), callback),
    destroy: (sid, callback) => settle(destroy(sessions, sid), callback),
    touch: (sid, session, callback) => settle(touch(sessions, sid, session), callback),
  }
  return Object.assign(instanceOf(options.Store), methods)
}

/** express-session's class is abstract by its types alone. */
function instanceOf<S extends object>(Store: (abstract new () => S) | undefined): S {
  return Store === undefined ? ({} as S) : new (Store as new () => S)()
}

function positiveMs(what: string, duration: Duration): number {
  const ms = Math.ceil(parseDuration(duration, what))
  if (ms >= 1 && ms <= 1_000_000_000_000) return ms
  throw new RangeError(`Cannot create a session store with ${what} of ${duration}: expected 1 ms to 31 years`)
}

function settle<T>(work: Promise<T>, callback: SessionCallback<T> | undefined): void {
  work.then(
    (result) => callback?.(null, result),
    (error: unknown) => callback?.(error),
  )
}

/** Session and fence; async, so that a missing tenant rejects instead of throwing. */
async function keysOf({ parts, tenant }: Sessions, sid: string): Promise<[session: string, fence: string]> {
  const owner = tenant()
  if (typeof owner !== 'string' || owner === '')
    throw new TypeError('Cannot use a session: tenant() gave none, expected text')
  return sessionKeys(parts.shardOf(owner, hashText(sid)), sid)
}

function idleMsOf({ idleMs }: Sessions, { cookie }: StoredSession): number {
  const maxAge = cookie.originalMaxAge
  return typeof maxAge === 'number' && maxAge >= 1 ? Math.min(idleMs, Math.ceil(maxAge)) : idleMs
}

async function read(sessions: Sessions, sid: string): Promise<StoredSession | null> {
  const [key] = await keysOf(sessions, sid)
  const { remote } = sessions.parts
  const bytes = (await confirmed(sessions, 'read a session', () =>
    remote.run('session_read', (redis) => redis.callBuffer('GET', key)),
  )) as Buffer | null
  if (bytes === null) return null
  const encoded = { format: bytes[0] as number, payload: bytes.subarray(1) }
  const [owner, session] = decodeValue(isCompressed(encoded) ? await expand(encoded, MAX_SESSION_BYTES) : encoded) as [
    string,
    StoredSession,
  ]
  return owner === key ? session : null
}

async function write(sessions: Sessions, sid: string, session: StoredSession): Promise<void> {
  const [key, fence] = await keysOf(sessions, sid)
  // The cookie says itself what is kept of it; the rest goes through the codec, dates and all.
  const plain = { ...session, cookie: JSON.parse(JSON.stringify(session.cookie)) as unknown }
  const whole = encodeValue([key, plain])
  if (whole.payload.length > MAX_SESSION_BYTES) {
    throw new RangeError(`Cannot write session: ${whole.payload.length} bytes, expected at most ${MAX_SESSION_BYTES}`)
  }
  const encoded = await compress(whole, sessions.parts.compressAboveBytes)
  const bytes = Buffer.concat([Buffer.from([encoded.format]), encoded.payload])
  await confirmed(sessions, 'write a session', async () => {
    const deadline = await sessions.parts.remote.deadline()
    const args = [idleMsOf(sessions, session), sessions.absoluteMs, deadline, bytes]
    return sessions.parts.remote.script(SESSION_WRITE, [key, fence], args)
  })
}

async function touch(sessions: Sessions, sid: string, session: StoredSession): Promise<void> {
  const keys = await keysOf(sessions, sid)
  await confirmed(sessions, 'touch a session', () =>
    sessions.parts.remote.script(SESSION_TOUCH, keys, [idleMsOf(sessions, session), sessions.absoluteMs]),
  )
}

async function destroy(sessions: Sessions, sid: string): Promise<void> {
  const keys = await keysOf(sessions, sid)
  await confirmed(sessions, 'destroy a session', () =>
    sessions.parts.remote.script(SESSION_DESTROY, keys, [sessions.absoluteMs]),
  )
}

/** What Redis answered, or an error of this package. */
async function confirmed<T>({ parts }: Sessions, operation: string, work: () => Promise<T>): Promise<T> {
  let reply: T
  try {
    reply = await work()
  } catch (error) {
    throw new CacheUnavailableError(parts.name, operation, error)
  }
  if (!Array.isArray(reply)) return reply
  if (reply[0] === -1) throw new CacheUnavailableError(parts.name, operation)
  return reply
}
