/** Limits and flags over HTTP, in every framework alike: who gets 429, who gets 504, and what changes while the service runs. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { waitFor } from '@ops/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { FRAMEWORKS, type RunningExample, startExample } from './running-example.ts'

const LIMIT = 5
const OPS = fileURLToPath(new URL('../../packages/cli/src/bin.ts', import.meta.url))

/** Runs `ops flags …` as an operator does. */
const flags = (redisUrl: string, ...words: readonly string[]) =>
  promisify(execFile)(process.execPath, ['--conditions=@ops/source', OPS, 'flags', ...words, '--redis', redisUrl])

describe.each(FRAMEWORKS.map((framework, i) => ({ framework, database: i + 4 })))(
  'orders API on $framework, limited',
  ({ framework, database }) => {
    const folder = mkdtempSync(join(tmpdir(), 'ops-limits-'))
    const file = join(folder, 'config.yaml')
    const redisUrl = `${inject('redisUrl')}/${database}`
    const configure = (settings: Readonly<Record<string, string | number | boolean>>) =>
      writeFileSync(file, JSON.stringify(settings))
    let example: RunningExample
    beforeAll(async () => {
      configure({ RATE_LIMIT_PER_MIN: LIMIT })
      // Empty counts as absent: the file decides.
      example = await startExample(framework, redisUrl, { CONFIG_FILE: file, RATE_LIMIT_PER_MIN: '' })
    }, 120_000)
    afterAll(async () => {
      await example?.stop()
      rmSync(folder, { recursive: true })
    })

    const call = (key: string, path = '/orders', headers: Readonly<Record<string, string>> = {}) =>
      fetch(`${example.base}${path}`, { headers: { 'x-api-key': key, ...headers } })

    test('a user is told what is left, and refused with 429 and when to come back once nothing is', async () => {
      const answers = []
      for (let i = 0; i <= LIMIT; i++) answers.push(await call('globex-key'))
      const [first, refused] = [answers[0] as Response, answers[LIMIT] as Response]

      expect(answers.map(({ status }) => status)).toEqual([...Array<number>(LIMIT).fill(200), 429])
      expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['4', '3', '2', '1', '0', '0'])
      expect(first.headers.get('ratelimit-policy')).toBe(`"orders";q=${LIMIT};w=60`)
      expect(first.headers.get('ratelimit')).toMatch(/^"orders";r=4;t=\d+$/)
      expect(first.headers.get('ratelimit-limit')).toBe(String(LIMIT))
      expect(first.headers.get('retry-after')).toBeNull()
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(62)
      expect(refused.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/)
      expect(await refused.json()).toMatchObject({ error: { code: 'OPS_HTTP_RATE_LIMITED' } })
    })

    test('one user’s limit is nobody else’s, and probes have none', async () => {
      for (let i = 0; i <= LIMIT; i++) await (await call('initech-key')).text()
      const probes = await Promise.all(Array.from({ length: 3 * LIMIT }, () => call('initech-key', '/readyz')))

      expect((await call('initech-key')).status).toBe(429)
      expect((await call('acme-key')).status).toBe(200)
      expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([200]))
    })

    test('refusals are counted by limiter and by status', async () => {
      const text = await (await fetch(`${example.ops}/metrics`)).text()

      expect(text).toMatch(/^rate_limit_decisions_total\{limiter="orders",result="refused"\} [1-9]/m)
      expect(text).toMatch(/^http_requests_total\{method="GET",route="\/orders",status="429"\} [1-9]/m)
      expect(text).not.toMatch(/route="__unmatched__",status="429"/)
    })

    test('a request whose deadline has passed is answered 504 and not worked on', async () => {
      const late = await call('acme-key', '/orders', { 'x-request-timeout-ms': '0' })

      expect(late.status).toBe(504)
      expect(await late.json()).toMatchObject({ error: { code: 'OPS_HTTP_DEADLINE_EXCEEDED' } })
    })

    test('limit and flags follow their settings while the service runs', async () => {
      const set = (...words: readonly string[]) =>
        flags(redisUrl, 'set', 'bulk-discount', ...words, '--author', 'test', '--reason', 'acceptance')
      const priceOfTen = async () => {
        const response = await fetch(`${example.base}/orders`, {
          method: 'POST',
          headers: { 'x-api-key': 'initech-key', 'content-type': 'application/json' },
          body: '{"sku":"pen","quantity":10}',
        })
        return ((await response.json()) as { price_cents?: number }).price_cents
      }
      await set('--on', '--organisation', 'initech')

      configure({ RATE_LIMIT_PER_MIN: 100_000 })
      await waitFor(async () => (await priceOfTen()) === 2_500)
      configure({ RATE_LIMIT_PER_MIN: 100_000, ENABLE_FEATURE_FLAGS: true })
      await waitFor(async () => (await priceOfTen()) === 2_375)
      await set('--off')
      await waitFor(async () => (await priceOfTen()) === 2_500)

      const text = await (await fetch(`${example.ops}/metrics`)).text()
      expect(text).toMatch(/^feature_flag_evaluations_total\{flag="bulk-discount",result="true"\} [1-9]/m)
    }, 30_000)

    test('what is left of a caller’s deadline goes with the call to pricing', async () => {
      // Below the time of an attempt, which it would be without the caller's.
      const callerMs = 290
      const place = () =>
        fetch(`${example.base}/orders`, {
          method: 'POST',
          headers: {
            'x-api-key': 'acme-key',
            'content-type': 'application/json',
            'x-request-timeout-ms': `${callerMs}`,
          },
          body: '{"sku":"pen","quantity":1}',
        })
      const before = example.pricing.requests.length
      // A busy machine may use the time up before pricing is asked.
      await waitFor(async () => (await place()).status === 201, { timeoutMs: 20_000 })

      const left = example.pricing.requests.slice(before).map(({ headers }) => Number(headers['x-request-timeout-ms']))
      expect(left.length).toBeGreaterThan(0)
      expect(Math.max(...left)).toBeLessThanOrEqual(callerMs)
      expect(Math.min(...left)).toBeGreaterThan(0)
    }, 30_000)
  },
)
