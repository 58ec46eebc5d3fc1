/** The probes on the ops port while the main thread is busy, wedged or crowded. */
import { request } from 'node:http'
import { waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type Service, startServing } from './processes.ts'

const open: Service[] = []
afterEach(async () => {
  for (const { child } of open) child.kill('SIGKILL')
  await Promise.all(open.splice(0).map(({ ended }) => ended))
})

async function serve() {
  const service = await startServing('basic')
  open.push(service)
  return service
}

const statusOf = async (url: string) => (await fetch(url)).status

describe('the probes on the ops port', () => {
  test('see a wedged main thread within the threshold and a second, and its return', async () => {
    const service = await serve()
    expect(await statusOf(`${service.ops}/livez`)).toBe(200)
    await fetch(`${service.app}/block?of=5000`)
    const startMs = performance.now()

    expect(await statusOf(`${service.ops}/livez`)).toBe(200)
    await waitFor(async () => (await statusOf(`${service.ops}/livez`)) === 503)
    const seenMs = performance.now() - startMs

    expect(seenMs).toBeLessThan(2000)
    expect(await statusOf(`${service.ops}/readyz`)).toBe(503)
    expect(await statusOf(`${service.ops}/healthz`)).toBe(503)
    expect(await statusOf(`${service.ops}/startupz`)).toBe(200)
    await waitFor(async () => (await statusOf(`${service.ops}/livez`)) === 200, { timeoutMs: 10_000 })
    const { blockedMs } = await service.said('Main thread was blocked')
    expect(blockedMs).toBeGreaterThan(4000)
  })

  test('stay 200 while the main thread is merely busy, 95 % of the time', async () => {
    const service = await serve()
    await fetch(`${service.app}/busy?of=95`)

    const seen = new Set<number>()
    const endMs = performance.now() + 2500
    while (performance.now() < endMs) seen.add(await statusOf(`${service.ops}/livez`))

    expect([...seen]).toEqual([200])
  })

  test('answer 1,000 clients at once, all with 200', async () => {
    const service = await serve()

    const answers = await Promise.all(Array.from({ length: 1000 }, () => probe(`${service.ops}/readyz`)))

    expect(answers.filter((status) => status !== 200)).toEqual([])
  })

  test('do not take a stopped and continued process for a wedged one', async () => {
    const service = await serve()
    service.child.kill('SIGSTOP')
    const pending = probe(`${service.ops}/livez`)
    await waitFor(async () => (await probeWithin(`${service.ops}/livez`, 1500)) === undefined)

    service.child.kill('SIGCONT')

    expect(await pending).toBe(200)
    expect(await statusOf(`${service.ops}/livez`)).toBe(200)
  })

  test('say draining on /readyz and alive on /livez while the process drains', async () => {
    const service = await startServing('basic', { propagationDelayMs: 60_000, deadlineMs: 90_000 })
    open.push(service)

    service.child.kill('SIGTERM')
    await service.said('Draining')

    await waitFor(async () => (await (await fetch(`${service.ops}/readyz`)).text()) === 'not ready: draining\n')
    expect(await statusOf(`${service.ops}/livez`)).toBe(200)
    expect(await statusOf(`${service.app}/livez`)).toBe(200)
    expect(await statusOf(`${service.app}/readyz`)).toBe(503)
  })
})

/** A connection of its own, as a kubelet's. */
function probe(url: string): Promise<number | string> {
  return new Promise((resolve) => {
    request(url, { agent: false }, (res) => {
      res.resume()
      resolve(res.statusCode ?? 0)
    })
      .on('error', (error) => resolve(error.message))
      .end()
  })
}

/** Undefined when there is no answer in time. */
function probeWithin(url: string, timeoutMs: number): Promise<number | undefined> {
  return fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).then(
    ({ status }) => status,
    () => undefined,
  )
}
