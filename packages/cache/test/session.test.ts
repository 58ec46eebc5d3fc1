import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import { createContext, runInContext } from '@ops/core'
import { createFaultProxy, waitFor } from '@ops/testing'
import expressSession from 'express-session'
import fc from 'fast-check'
import fastify from 'fastify'
import { describe, expect, inject, test } from 'vitest'
import { createSessionStore, type SessionStore } from '../src/index.ts'
import { asTenant, closing, connect, connectCache, uniqueName } from './fixture.ts'

const SECRET = 'a secret of at least thirty-two characters'
const cookie = { originalMaxAge: null }

const promised = (store: SessionStore) => ({
  get: promisify(store.get) as (sid: string) => Promise<Record<string, unknown> | null>,
  set: promisify(store.set) as (sid: string, session: object) => Promise<void>,
  touch: promisify(store.touch) as (sid: string, session: object) => Promise<void>,
  destroy: promisify(store.destroy) as (sid: string) => Promise<void>,
})

/** The tenant comes from the host, as it must before anybody has logged in. */
const tenantOf = (headers: { readonly [name: string]: unknown }) => String(headers['x-test-tenant'])

/** An express-session app on plain node:http: `/count` counts visits, `/logout` destroys, `/rotate` regenerates. */
async function startExpress(store: expressSession.Store): Promise<string> {
  const middleware = expressSession({ store, secret: SECRET, resave: false, saveUninitialized: false })
  const server = createServer((request, response) => {
    const req = request as unknown as expressSession.SessionData & {
      session: expressSession.Session & { visits?: number; since?: Date }
    }
    runInContext(createContext({ tenant: tenantOf(request.headers) }), () => {
      middleware(request as never, response as never, (error?: unknown) => {
        if (error) return void response.writeHead(500).end()
        if (request.url === '/logout') return req.session.destroy(() => response.end('bye'))
        const count = () => {
          req.session.visits = (req.session.visits ?? 0) + 1
          req.session.since ??= new Date(0)
          response.end(JSON.stringify({ visits: req.session.visits, date: req.session.since instanceof Date }))
        }
        if (request.url === '/rotate') req.session.regenerate(count)
        else count()
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  closing(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function visit(url: string, tenant: string, given?: string | null) {
  const headers = { 'x-test-tenant': tenant, ...(given ? { cookie: given } : {}) }
  const response = await fetch(url, { headers })
  return {
    status: response.status,
    text: await response.text(),
    cookie: response.headers.get('set-cookie')?.split(';')[0] ?? given,
  }
}

describe('createSessionStore()', () => {
  test('createSessionStore() serves express-session: session, rotation, logout, types kept', async () => {
    const cache = await connectCache()
    const url = await startExpress(createSessionStore(cache, { Store: expressSession.Store }))

    const first = await visit(`${url}/count`, 'a')
    const second = await visit(`${url}/count`, 'a', first.cookie)
    expect([first.text, second.text]).toEqual(['{"visits":1,"date":true}', '{"visits":2,"date":true}'])

    const rotated = await visit(`${url}/rotate`, 'a', first.cookie)
    expect(rotated.cookie).not.toBe(first.cookie)
    expect((await visit(`${url}/count`, 'a', rotated.cookie)).text).toContain('"visits":2')

    await visit(`${url}/logout`, 'a', rotated.cookie)
    expect((await visit(`${url}/count`, 'a', rotated.cookie)).text).toContain('"visits":1')
  })

  test('createSessionStore() gives another tenant nothing for a stolen cookie', async () => {
    const cache = await connectCache()
    const url = await startExpress(createSessionStore(cache, { Store: expressSession.Store }))
    const mine = await visit(`${url}/count`, 'a')

    expect((await visit(`${url}/count`, 'b', mine.cookie)).text).toContain('"visits":1')
  })

  test('createSessionStore() serves @fastify/session', async () => {
    const cache = await connectCache()
    const app = fastify()
    closing(() => void app.close())
    app.addHook('onRequest', (request, _reply, done) => {
      runInContext(createContext({ tenant: tenantOf(request.headers) }), done)
    })
    await app.register(fastifyCookie)
    await app.register(fastifySession, {
      secret: SECRET,
      store: createSessionStore(cache) as never,
      cookie: { secure: false },
    })
    app.get('/count', async (request) => {
      const session = request.session as unknown as { visits?: number }
      session.visits = (session.visits ?? 0) + 1
      return { visits: session.visits }
    })
    const get = async (tenant: string, sent?: string) => {
      const response = await app.inject({
        url: '/count',
        headers: { 'x-test-tenant': tenant, ...(sent ? { cookie: sent } : {}) },
      })
      return {
        visits: response.json<{ visits: number }>().visits,
        cookie: String(response.headers['set-cookie']).split(';')[0],
      }
    }

    const first = await get('a')
    const second = await get('a', first.cookie)
    const stolen = await get('b', first.cookie)

    expect([first.visits, second.visits, stolen.visits]).toEqual([1, 2, 1])
  })

  test('set() cannot bring back a session when it was destroyed meanwhile', async () => {
    const store = promised(createSessionStore(await connectCache(), { tenant: () => 'a' }))
    await store.set('s', { cookie, user: 1 })

    await store.destroy('s')
    await store.set('s', { cookie, user: 1 })
    await store.touch('s', { cookie })

    expect(await store.get('s')).toBeNull()
  })

  test('a session ends when it is idle, and is extended by a touch up to its absolute end', async () => {
    const redis = await connect()
    const name = uniqueName()
    const cache = await connectCache({ redis, name })
    const store = promised(createSessionStore(cache, { tenant: () => 'a', idleTimeout: '10s', absoluteTimeout: '15s' }))
    await store.set('s', { cookie })
    const [key] = (await redis.keys(`*${name}*!s:s`)) as [string]
    const left = () => redis.pttl(key)
    expect(await left()).toBeLessThanOrEqual(10_000)

    await redis.pexpire(key, 100)
    await store.touch('s', { cookie })
    expect(await left()).toBeGreaterThan(9_000)

    const [fence] = (await redis.keys(`*${name}*!f:s`)) as [string]
    await redis.set(fence, Number(await redis.get(fence)) - 12_000)
    await store.touch('s', { cookie })
    expect(await left()).toBeLessThanOrEqual(3_000)

    await redis.set(fence, Number(await redis.get(fence)) - 12_000)
    await store.set('s', { cookie })
    expect(await store.get('s')).toBeNull()
  })

  test('a shorter maxAge of the cookie wins over the idle time', async () => {
    const redis = await connect()
    const name = uniqueName()
    const store = promised(createSessionStore(await connectCache({ redis, name }), { tenant: () => 'a' }))

    await store.set('s', { cookie: { originalMaxAge: 5_000 } })

    const [key] = (await redis.keys(`*${name}*!s:s`)) as [string]
    expect(await redis.pttl(key)).toBeLessThanOrEqual(5_000)
  })

  test('every call fails when Redis does not answer, and when there is no tenant', async () => {
    const target = new URL(inject('redisUrl'))
    const proxy = await createFaultProxy({ host: target.hostname, port: Number(target.port) })
    closing(() => void proxy.close())
    const cache = await connectCache({ redis: await connect(`redis://127.0.0.1:${proxy.port}`), redisTimeoutMs: 50 })
    const store = promised(createSessionStore(cache))
    await expect(store.get('s')).rejects.toMatchObject({ code: 'OPS_TENANT_REQUIRED' })
    await asTenant('a', () => store.set('s', { cookie }))

    proxy.freeze()

    await asTenant('a', async () => {
      await expect(store.get('s')).rejects.toMatchObject({ code: 'OPS_CACHE_UNAVAILABLE' })
      await expect(store.set('s', { cookie })).rejects.toMatchObject({ code: 'OPS_CACHE_UNAVAILABLE' })
    })
  })

  test('a write that timed out never overwrites a newer one when the connection thaws', async () => {
    const target = new URL(inject('redisUrl'))
    const proxy = await createFaultProxy({ host: target.hostname, port: Number(target.port) })
    closing(() => void proxy.close())
    const name = uniqueName()
    const slow = await connectCache({
      name,
      redis: await connect(`redis://127.0.0.1:${proxy.port}`),
      redisTimeoutMs: 50,
    })
    const mine = promised(createSessionStore(slow, { tenant: () => 'a' }))
    const theirs = promised(createSessionStore(await connectCache({ name }), { tenant: () => 'a' }))
    await mine.set('s', { cookie, version: 1 })

    proxy.freeze()
    await expect(mine.set('s', { cookie, version: 2 })).rejects.toMatchObject({ code: 'OPS_CACHE_UNAVAILABLE' })
    await theirs.set('s', { cookie, version: 3 })
    proxy.thaw()
    await waitFor(() => !slow.stats().redisAway)

    expect(await mine.get('s')).toMatchObject({ version: 3 })
  })

  test('sessions never cross tenants or ids, whatever they are named', async () => {
    let tenant = ''
    const store = promised(createSessionStore(await connectCache(), { tenant: () => tenant }))
    const text = fc.string({
      unit: fc.constantFrom(':', '{', '}', '%', '#', '!', '\0', 'a', 's', '\ud800'),
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(text, text), { minLength: 2, maxLength: 4, selector: String }),
        async (owners) => {
          const run = uniqueName()
          for (const [of, sid] of owners) {
            tenant = of
            await store.set(run + sid, { cookie, owner: [of, sid] })
          }
          for (const [of, sid] of owners) {
            tenant = of
            expect((await store.get(run + sid))?.['owner']).toEqual([of, sid])
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})
