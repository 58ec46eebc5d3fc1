import { describe, expect, test } from 'vitest'
import { runSmoke } from '../src/delivery/smoke.ts'
import { serving } from './gateway.ts'
import { run, SERVICE } from './run-command.ts'

const NOWHERE = 'http://127.0.0.1:1'

describe('the service does not answer', () => {
  test('ops smoke exits 1 and says of every request that nothing came', async () => {
    const { code, out } = await run('smoke', NOWHERE, '--service', SERVICE)

    expect(code).toBe(1)
    expect(out.match(/failed {2}GET .*no answer \(\w+\)/g)).toHaveLength(3)
  })

  test('runSmoke() gives up a request that hangs and asks the next', async () => {
    const url = await serving((request, response) => void (request.url === '/livez' ? undefined : response.end()))

    const results = await runSmoke({ url, requests: [], timeoutMs: 1500 })

    expect(results).toEqual([
      { what: 'GET /livez', ok: false, found: 'no answer within 1500 ms' },
      { what: 'GET /readyz', ok: true, found: '200' },
    ])
  })

  test('runSmoke() does not follow a redirect to a page that is right', async () => {
    const url = await serving(
      (request, response) =>
        void (request.url === '/login' ? response.end() : response.writeHead(302, { location: '/login' }).end()),
    )

    const [first] = await runSmoke({ url, requests: [] })

    expect(first).toEqual({ what: 'GET /livez', ok: false, found: '302, expected 200' })
  })

  test('runSmoke() refuses an answer that did not pass the request path', async () => {
    const url = await serving((_, response) => void response.end())

    const results = await runSmoke({ url, requests: [{ path: '/orders' }] })

    expect(results.at(-1)).toMatchObject({ ok: false, found: expect.stringContaining('200 without x-trace-id') })
  })

  test('runSmoke() refuses metrics that name no build', async () => {
    const url = await serving((_, response) => void response.end('up 1\n'))

    const results = await runSmoke({ url, opsUrl: url, requests: [] })

    expect(results.at(-1)).toEqual({ what: 'GET /metrics', ok: false, found: '200 without build_info' })
  })
})

describe('the Pushgateway does not answer', () => {
  test('ops deployed exits 2 and names it when nothing listens', async () => {
    const { code, err } = await run('deployed', 'failed', '--pushgateway', NOWHERE, '--service', SERVICE)

    expect(code).toBe(2)
    expect(err).toContain(
      `Cannot report the deployment to ${NOWHERE}/metrics: it does not answer, expected a Pushgateway`,
    )
  })

  test('ops deployed exits 2 and says why when it is refused', async () => {
    const url = await serving((_, response) => void response.writeHead(400).end('pushed metrics are invalid'))

    const { code, err } = await run('deployed', 'succeeded', '--pushgateway', url, '--service', SERVICE)

    expect(code).toBe(2)
    expect(err).toContain(`/metrics/job/shop: it answered 400 (pushed metrics are invalid)`)
  })
})

describe('wrong usage', () => {
  test.each([
    [['smoke'], 'Cannot run ops smoke'],
    [['smoke', 'shop.example.com'], 'shop.example.com is given, expected an address'],
    [['smoke', NOWHERE, '--expect', '1'], '--expect is given without --ops-url'],
    [['deployed', 'maybe'], 'maybe is given, expected succeeded or failed'],
    [['deployed', 'failed'], 'no address, expected --pushgateway or PUSHGATEWAY_URL'],
  ])('ops %j exits 2 and says what is expected', async (args, problem) => {
    const { code, err } = await run(...args, '--service', SERVICE)

    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(problem) })
  })
})
