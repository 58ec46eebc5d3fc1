/** The published promise, checked by several processes against a Redis that is cut off, frozen and restarted. */
import { sleep } from '@ops/core'
import { createFaultProxy, createTestRandom, type FaultProxy, type RedisServer, startRedisServer } from '@ops/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkStaleness, naiveSubject, opsSubject } from '../src/testing/index.ts'

const NODES = 3
let server: RedisServer
let proxies: FaultProxy[]

beforeEach(async () => {
  server = await startRedisServer()
  proxies = await Promise.all(Array.from({ length: NODES }, () => createFaultProxy({ port: server.port })))
})
afterEach(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()))
  await server.close()
})

const urls = () => proxies.map(({ port }) => `redis://127.0.0.1:${port}`)

/** One fault after another, each mended before the next. */
async function chaos(signal: AbortSignal): Promise<void> {
  const random = createTestRandom(7)
  for (let i = 0; !signal.aborted; i++) {
    await sleep(100 + 200 * random.next())
    const proxy = proxies[Math.floor(random.next() * NODES)] as FaultProxy
    const lastMs = 100 + 300 * random.next()
    if (i % 4 === 0) proxy.cut()
    else if (i % 4 === 1) {
      proxy.freeze()
      await sleep(lastMs)
      proxy.thaw()
    } else if (i % 4 === 2) {
      server.freeze()
      await sleep(lastMs)
      server.thaw()
    } else {
      await server.kill()
      await server.start()
    }
  }
}

describe('checkStaleness()', () => {
  test('checkStaleness() finds cache-aside out', async () => {
    const report = await checkStaleness({
      subject: naiveSubject,
      redisUrls: urls(),
      durationMs: 1_500,
      agreeWithinMs: 0,
    })

    expect(report.belowFloor).toBeGreaterThan(0)
  })

  test('checkStaleness() finds no read below the floor when connections are cut and Redis is frozen and restarted', async () => {
    const report = await checkStaleness({ subject: opsSubject, redisUrls: urls(), durationMs: 6_000, faults: chaos })

    expect(report).toMatchObject({ belowFloor: 0, disagreements: 0 })
    expect(report.failedInvalidations).toBeGreaterThan(0)
    expect(report.reads).toBeGreaterThan(1_000)
  })

  test('checkStaleness() bounds the staleness of the in-process tier by maxLagMs when the same happens', async () => {
    const settings = { l1: true }
    const report = await checkStaleness({
      subject: opsSubject,
      settings,
      redisUrls: urls(),
      durationMs: 6_000,
      faults: chaos,
    })

    // The subject's maxLagMs is 500; a starved process may be late to notice its clock.
    expect(report.worstStalenessMs).toBeLessThan(600)
    expect(report.disagreements).toBe(0)
    expect(report.reads).toBeGreaterThan(1_000)
  })
})
