import { describe, expect, test } from 'vitest'
import { reportDeployment } from '../src/delivery/report.ts'
import { gateway, serving } from './gateway.ts'
import { run, runWith, SERVICE } from './run-command.ts'

const METRICS = 'build_info{service="shop",version="1.4.0",commit="abc"} 1\nup 1\n'

/** The service as a smoke suite sees it. */
function shop(answers: Readonly<Record<string, number>> = {}): Promise<string> {
  return serving((request, response) => {
    const path = request.url ?? ''
    if (path === '/metrics') return void response.end(METRICS)
    const headers = path.startsWith('/orders') ? { 'x-trace-id': 'a'.repeat(32) } : {}
    response.writeHead(answers[path] ?? 200, headers).end()
  })
}

describe('ops smoke', () => {
  test('ops smoke asks for probes, declared requests and the version, and exits 0 when all is right', async () => {
    const url = await shop()

    const { code, out } = await run('smoke', url, '--ops-url', url, '--expect', '1.4.0', '--service', SERVICE)

    expect(code).toBe(0)
    expect(out).toBe(`  ok  GET /livez           200
  ok  GET /readyz          200
  ok  GET /orders?limit=1  200
  ok  GET /metrics         version 1.4.0
`)
  })

  test.each([
    ['a replica is not ready', { '/readyz': 503 }, '1.4.0', 'GET /readyz', '503, expected 200'],
    ['a declared request fails', { '/orders?limit=1': 500 }, '1.4.0', 'GET /orders?limit=1', '500, expected 200'],
    ['the version before still runs', {}, '1.5.0', 'GET /metrics', 'version 1.4.0, expected 1.5.0'],
  ])('ops smoke exits 1 and names it when %s', async (_, answers, version, what, found) => {
    const url = await shop(answers)

    const { code, out } = await run('smoke', url, '--ops-url', url, '--expect', version, '--json', '--service', SERVICE)

    expect(code).toBe(1)
    const { ok, results } = JSON.parse(out)
    expect(ok).toBe(false)
    expect(results.filter((result: { ok: boolean }) => !result.ok)).toEqual([{ what, ok: false, found }])
  })
})

describe('ops deployed', () => {
  test('ops deployed counts failures in a row and begins anew after a success', async () => {
    const groups = new Map([
      ['other', '# TYPE deployment_consecutive_failures gauge\ndeployment_consecutive_failures 7\n'],
    ])
    const env = { PUSHGATEWAY_URL: await serving(gateway(groups)) }
    const outcomes = ['failed', 'failed', 'succeeded', 'failed']

    const said = []
    for (const outcome of outcomes) said.push((await runWith({ env }, 'deployed', outcome, '--service', SERVICE)).out)

    expect(said).toEqual([1, 2, 0, 1].map((failures) => `ok ${failures} failed in a row\n`))
    expect(groups.get('shop')).toContain('\ndeployment_consecutive_failures 1\n')
    expect(groups.get('other')).toContain(' 7\n')
  })

  test('reportDeployment() is not led astray by a service whose name begins alike', async () => {
    const groups = new Map([['shop-worker', 'deployment_consecutive_failures 3\n']])
    const pushgateway = await serving(gateway(groups))

    expect(await reportDeployment({ pushgateway, service: 'shop', succeeded: false })).toBe(1)
  })
})
