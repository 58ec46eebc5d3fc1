// The cache: hits in process and in Redis, fills, beside the peers. Run: node cache.mjs [group substring]; build packages/cache first.
import { caches } from './lib/caches.mjs'
import { micro } from './lib/micro.mjs'
import { PORT, startRedis } from './lib/redis.mjs'

const BATCH = 64
const redis = process.env.MICRO_CHILD ? null : await startRedis()
const value = (i) => ({
  id: i,
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  active: true,
  roles: ['admin', 'editor'],
  createdAt: '2026-01-01T00:00:00.000Z',
  address: { city: 'London', zip: 'NW1 2DB' },
  plan: 'pro',
  limits: { rps: 100, burst: 200, seats: 25 },
})
const KEYS = Array.from({ length: 1024 }, (_, i) => `user:${i}`)
const key = (i) => KEYS[(i * 7) % KEYS.length]
const ok = async (get) => String((await get(KEYS[5]))?.id === 5)

/** Ours, in the context of a request of one tenant, as an application calls it. */
async function ours({ l1 = false } = {}) {
  const { Redis } = await import('ioredis')
  const { createContext, runInContext } = await import('../packages/core/dist/index.js')
  const { createCache } = await import('../packages/cache/dist/index.js')
  const client = new Redis(PORT, '127.0.0.1', { enableOfflineQueue: false })
  await new Promise((done) => client.once('ready', done))
  const cache = createCache({
    redis: client,
    name: `b${process.pid}`,
    freezeValues: false,
    redisTimeoutMs: 5_000,
    ...(l1 && { l1: { maxBytes: 64 * 2 ** 20, maxLagMs: 60_000 } }),
  })
  const user = cache.define('user', { ttl: '1h', load: (id) => value(Number(id.slice(5))) })
  const context = createContext({ tenant: 'acme' })
  const inTenant = (work) => runInContext(context, work)
  while (l1 && cache.stats().l1.bypassed) await new Promise((done) => setTimeout(done, 5))
  return { cache, user, inTenant, fill: () => inTenant(() => user.getMany(KEYS)) }
}

/** The peers too are called inside the context of a request: awaiting costs more in one. */
const { createContext, runInContext } = await import('../packages/core/dist/index.js')
const request = createContext({ tenant: 'acme' })
const inRequest = (work) => runInContext(request, work)

/** `BATCH` awaited one after the other: what entering the context costs is shared, as in a request. */
const awaited = (get, enter = inRequest) => ({
  async: true,
  batch: BATCH,
  op: (i) =>
    enter(async () => {
      let last
      for (let n = 0; n < BATCH; n++) last = await get(key(i * BATCH + n))
      return last
    }),
  info: async () => ({ 'value ok': await enter(() => ok(get)) }),
})
const together = (get, enter = inRequest) => ({
  async: true,
  batch: BATCH,
  op: (i) =>
    enter(() => {
      const all = new Array(BATCH)
      for (let n = 0; n < BATCH; n++) all[n] = get(key(i * BATCH + n))
      return Promise.all(all)
    }),
  info: async () => ({ 'value ok': await enter(() => ok(get)) }),
})
/** Every call is for a key never seen before. */
const filling = (get) => ({ ...together(get), info: undefined })
const filled = async (name, options) => {
  const c = await caches[name](options)
  for (const [i, k] of KEYS.entries()) await c.set(k, value(i))
  return c
}
const peer = (name, options, shape) => ({
  name: options.l2 === false ? name : `${name}`,
  setup: async () => {
    const c = await filled(name, options)
    return shape((k) => c.get(k))
  },
})
const raw = async (options = {}) => {
  const { Redis } = await import('ioredis')
  const r = new Redis(PORT, '127.0.0.1', options)
  for (const [i, k] of KEYS.entries()) await r.set(`raw:${k}`, JSON.stringify(value(i)))
  return r
}
let fresh = 0

await micro({
  name: 'cache',
  url: import.meta.url,
  versions: ['lru-cache', 'bentocache', 'cacheable', 'cache-manager', 'async-cache-dedupe', 'ioredis'],
  groups: [
    {
      title: 'Hit in this process, awaited',
      contenders: [
        peer('lru-cache', {}, awaited),
        {
          name: '@ops/cache get',
          setup: async () => {
            const o = await ours({ l1: true })
            await o.fill()
            return awaited((k) => o.user.get(k), o.inTenant)
          },
        },
        peer('async-cache-dedupe', { l2: false }, awaited),
        peer('bentocache', { l2: true }, awaited),
        peer('cacheable', { l2: true }, awaited),
        peer('cache-manager', { l2: true }, awaited),
      ],
    },
    {
      title: 'Hit in this process, synchronous',
      contenders: [
        {
          name: 'lru-cache get',
          setup: async () => {
            const c = await filled('lru-cache', {})
            return {
              batch: BATCH,
              op: (i) => {
                let last
                for (let n = 0; n < BATCH; n++) last = c.get(key(i * BATCH + n))
                return last
              },
            }
          },
        },
        {
          name: '@ops/cache peek',
          setup: async () => {
            const o = await ours({ l1: true })
            await o.fill()
            return {
              batch: BATCH,
              op: (i) =>
                o.inTenant(() => {
                  let last
                  for (let n = 0; n < BATCH; n++) last = o.user.peek(key(i * BATCH + n))
                  return last
                }),
              info: () => ({ 'value ok': String(o.inTenant(() => o.user.peek(KEYS[5]))?.id === 5) }),
            }
          },
        },
      ],
    },
    {
      title: 'Hit in Redis, 64 at once (no in-process tier)',
      unit: 'us',
      contenders: [
        {
          name: 'ioredis GET + JSON.parse',
          setup: async () => {
            const r = await raw()
            return together(async (k) => JSON.parse(await r.get(`raw:${k}`)))
          },
        },
        {
          name: '@ops/cache get',
          setup: async () => {
            const o = await ours()
            await o.fill()
            return together((k) => o.user.get(k), o.inTenant)
          },
        },
        {
          name: 'ioredis, one MGET by hand',
          setup: async () => {
            const r = await raw()
            return {
              async: true,
              batch: BATCH,
              op: async (i) =>
                (await r.mget(Array.from({ length: BATCH }, (_, n) => `raw:${key(i * BATCH + n)}`))).map((s) =>
                  JSON.parse(s),
                ),
            }
          },
        },
        peer('async-cache-dedupe', {}, together),
        peer('bentocache', { l1Items: 1 }, together),
        peer('cacheable', { l1Items: 1 }, together),
        peer('cache-manager', { l1Items: 1 }, together),
      ],
    },
    {
      title: 'Fill of cold keys, 64 at once (load and store)',
      unit: 'us',
      contenders: [
        {
          name: 'ioredis SET',
          setup: async () => {
            const r = await raw()
            return filling((k) => r.set(`raw:${k}:${fresh++}`, JSON.stringify(value(1)), 'PX', 60_000))
          },
        },
        {
          name: 'ioredis GET, SET by hand',
          setup: async () => {
            const r = await raw()
            return filling(async (k) => {
              const at = `raw:${k}:${fresh++}`
              const v = await r.get(at)
              if (v === null) await r.set(at, JSON.stringify(value(1)), 'PX', 60_000)
            })
          },
        },
        {
          name: '@ops/cache get',
          setup: async () => {
            const o = await ours()
            const cold = o.cache.define('cold', { ttl: '1m', load: () => value(1) })
            return filling((k) => cold.get(`${k}:${fresh++}`))
          },
        },
        {
          name: 'async-cache-dedupe',
          setup: async () => {
            const c = await caches['async-cache-dedupe']({})
            return filling((k) => c.getOrSet(`${k}:${fresh++}`, async () => value(1)))
          },
        },
        {
          name: 'bentocache',
          setup: async () => {
            const c = await caches.bentocache({ l1Items: 1 })
            return filling((k) => c.getOrSet(`${k}:${fresh++}`, async () => value(1)))
          },
        },
        {
          name: 'cacheable',
          setup: async () => {
            const c = await caches.cacheable({ l1Items: 1 })
            return filling((k) => c.getOrSet(`${k}:${fresh++}`, async () => value(1)))
          },
        },
      ],
    },
  ],
})
await redis?.stop()
if (redis) process.exit(0)
