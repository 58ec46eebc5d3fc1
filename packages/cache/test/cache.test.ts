import { recordMetrics, waitFor } from '@ops/testing'
import { describe, expect, test, vi } from 'vitest'
import { createCache } from '../src/index.ts'
import { asTenant, connect, connectCache, uniqueName } from './fixture.ts'

const l1 = { maxBytes: 2 ** 20, heartbeatMs: 20, maxLagMs: 2000 }

describe('createCache()', () => {
  test('createCache() says what is missing when there is no Redis', () => {
    expect(() => createCache({ name: 'x' } as never)).toThrow(/redis is missing, expected an ioredis client/)
    expect(() => createCache({ name: 'x', redis: {} } as never)).toThrow(/no ioredis client/)
  })

  test('get() loads once and then answers from Redis', async () => {
    const cache = await connectCache()
    const load = vi.fn(async (id: string) => ({ id }))
    const user = cache.define('user', { ttl: '1m', load })

    const values = await asTenant('a', async () => [await user.get('1'), await user.get('1')])

    expect(values).toEqual([{ id: '1' }, { id: '1' }])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('get() answers from this process once the backplane is up', async () => {
    const cache = await connectCache({ l1 })
    const user = cache.define('user', { ttl: '1m', load: async (id: string) => ({ id }) })

    await asTenant('a', async () => {
      await waitFor(() => !cache.stats().l1.bypassed)
      await user.get('1')

      expect(user.peek('1')).toEqual({ id: '1' })
      expect(await user.get('1')).toBe(user.peek('1'))
    })
    expect(cache.stats().definitions['user']).toMatchObject({ l1Hits: 1, l1Misses: 1 })
  })

  test('get() rejects with OPS_TENANT_REQUIRED when there is no tenant, and serves global data without one', async () => {
    const cache = await connectCache()
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    const rates = cache.define('rates', { ttl: '1m', scope: 'global', load: async () => 2 })

    await expect(user.get('1')).rejects.toMatchObject({ code: 'OPS_TENANT_REQUIRED' })
    expect(() => user.peek('1')).toThrow(/no tenant/)
    expect(await rates.get('1')).toBe(2)
  })

  test('get() keeps tenants apart', async () => {
    const cache = await connectCache({ l1 })
    const user = cache.define('user', { ttl: '1m', load: async (id: string, { tenant }) => `${tenant}/${id}` })

    expect(await asTenant('a', () => user.get('1'))).toBe('a/1')
    expect(await asTenant('b', () => user.get('1'))).toBe('b/1')
    expect(await asTenant('a', () => user.get('1'))).toBe('a/1')
  })

  test('invalidate() makes every process load anew', async () => {
    const name = uniqueName()
    const [one, other] = await Promise.all([connectCache({ name, l1 }), connectCache({ name, l1 })])
    let version = 1
    const options = { ttl: '1m', load: async () => version }
    const mine = one.define('user', options)
    const theirs = other.define('user', options)

    await asTenant('a', async () => {
      await waitFor(() => !one.stats().l1.bypassed && !other.stats().l1.bypassed)
      expect([await mine.get('1'), await theirs.get('1')]).toEqual([1, 1])
      version = 2
      await mine.invalidate('1')

      expect(await mine.get('1')).toBe(2)
      await waitFor(async () => (await theirs.get('1')) === 2)
    })
  })

  test('purge() forgets a tenant and no other', async () => {
    const cache = await connectCache({ l1 })
    const load = vi.fn(async (id: string, { tenant }: { tenant: string }) => `${tenant}${id}`)
    const user = cache.define('user', { ttl: '1m', load })
    const read = () => Promise.all(['a', 'b'].map((tenant) => asTenant(tenant, () => user.getMany(['1', '2', '3']))))
    await read()

    await cache.for('a').purge()
    await read()

    expect(load.mock.calls.map(([, { tenant }]) => tenant).sort()).toEqual([...'aaaaaabbb'])
  })

  test('invalidateTags() forgets tagged values and no others', async () => {
    const cache = await connectCache({ l1 })
    const load = vi.fn(async (id: string) => ({ id, org: Number(id) % 2 }))
    const user = cache.define('user', { ttl: '1m', load, tags: ({ org }) => [`org:${org}`] })

    await asTenant('a', async () => {
      await user.getMany(['1', '2', '3'])
      await cache.invalidateTags('org:1')
      await user.getMany(['1', '2', '3'])
    })

    expect(load.mock.calls.map(([id]) => id)).toEqual(['1', '2', '3', '1', '3'])
  })

  test('get() serves a stale value while it is refreshed, and rejects late fills of old truth', async () => {
    const cache = await connectCache()
    let version = 0
    const user = cache.define('user', { ttl: 1, staleFor: '1m', earlyRefresh: 0, load: async () => ++version })

    await asTenant('a', async () => {
      expect(await user.get('1')).toBe(1)
      await waitFor(async () => (await user.get('1')) > 1)
    })
    expect(cache.stats().definitions['user']?.l2Stale).toBeGreaterThan(0)
  })

  test('getMany() loads what is missing in one call, independently per key', async () => {
    const cache = await connectCache()
    const loadMany = vi.fn(async (ids: readonly string[]) => {
      return new Map(ids.filter((id) => id !== 'none').map((id) => [id, id === 'bad' ? new Error('bad') : `v${id}`]))
    })
    const user = cache.define<string>('user', { ttl: '1m', loadMany: loadMany as never })

    await asTenant('a', async () => {
      await user.get('1')
      const outcomes = await user.getManySettled(['1', '2', 'bad', 'none', '2'])

      expect(outcomes.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual([
        'v1',
        'v2',
        'bad',
        undefined,
        'v2',
      ])
      await expect(user.getMany(['2', 'bad'])).rejects.toThrow('bad')
    })
    expect(loadMany.mock.calls.map(([ids]) => ids)).toEqual([['1'], ['2', 'bad', 'none'], ['bad']])
  })

  test('cache_hit_ratio and its kin describe what happened', async () => {
    const metrics = recordMetrics()
    const cache = await connectCache({ name: `m${uniqueName()}`, meter: metrics.meter })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    await asTenant('a', async () => {
      for (const id of ['1', '1', '1', '2']) await user.get(id)
      await user.invalidate('1')
    })
    await metrics.collect()

    const label = { cache: `${cache.name}.user` }
    expect(metrics.value('cache_hit_ratio', { ...label, tier: 'all' })).toBe(0.5)
    expect(metrics.value('cache_requests_total', { ...label, tier: 'l2', result: 'hit' })).toBe(2)
    expect(metrics.value('cache_requests_total', { ...label, tier: 'l2', result: 'miss' })).toBe(2)
    expect(metrics.value('cache_loads_total', { ...label, result: 'ok' })).toBe(2)
    expect(metrics.value('cache_load_duration_seconds', label)).toBe(2)
    expect(metrics.value('cache_invalidations_total', { ...label, scope: 'key' })).toBe(1)
    expect(metrics.problems).toEqual([])
  })

  test('cache_tenant_reads_total names the busiest tenants and no more, when asked to', async () => {
    const metrics = recordMetrics()
    const cache = await connectCache({ meter: metrics.meter, topTenants: 2 })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    const read = (tenant: string, times: number) =>
      asTenant(tenant, () => user.getMany(Array.from({ length: times }, () => '1')))
    await read('small', 1)
    await read('large', 5)
    await read('medium', 3)
    await metrics.collect()
    await read('late', 9)
    await read('large', 1)
    await metrics.collect()

    const counts = metrics.series('cache_tenant_reads_total').map(({ labels, value }) => [labels['tenant'], value])
    expect(counts).toEqual([
      ['large', 6],
      ['medium', 3],
      ['_other', 10],
    ])
  })

  test('every method refuses when the cache is closed', async () => {
    const cache = createCache({ redis: await connect(), name: uniqueName() })
    const user = cache.define('user', { ttl: '1m', load: async () => 1 })
    cache.close()

    await expect(asTenant('a', () => user.get('1'))).rejects.toMatchObject({ code: 'OPS_CACHE_CLOSED' })
  })
})
