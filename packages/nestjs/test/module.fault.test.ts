import { APP_INTERCEPTOR } from '@nestjs/core'
import { OpsModule } from '@ops/nestjs'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { mount } from '../src/platform.ts'
import { hanging, serve, TRACE_ID } from './observed-app.ts'

describe.each(['express', 'fastify'])('OpsModule on %s', (platform) => {
  test('forRoot() logs the error when a handler throws and a filter answers', async () => {
    const { url, logs, spans } = await serve(platform)

    const response = await fetch(`${url}/orders/fail`)
    await waitFor(() => logs.records.length === 1)

    expect(response.status).toBe(500)
    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(logs.records[0]?.error?.message).toBe('boom')
    expect(spans[0]?.status.code).toBe(2)
  })

  test('forRoot() keeps a refusal at info when a handler throws an HttpException of 4xx', async () => {
    const { url, logs } = await serve(platform)

    await fetch(`${url}/orders/refuse`)
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]).toMatchObject({ level: 'info', fields: { status: 409 } })
  })

  test('forRoot() records 499 and aborts the signal when the client goes away', async () => {
    const { url, logs } = await serve(platform)
    hanging.client = new AbortController()
    hanging.aborts.length = 0

    await expect(fetch(`${url}/orders/hang`, { signal: hanging.client.signal })).rejects.toThrow()
    await waitFor(() => logs.records.length === 1)

    expect(hanging.aborts).toEqual(['aborted'])
    expect(logs.records[0]?.fields).toMatchObject({ status: 499 })
  })

  test('forRoot() answers probes and refusals itself when a health gate is given', async () => {
    const health = {
      handle: (path: string) => (path === '/livez' ? { status: 200, headers: {}, body: 'ok' } : undefined),
      admit: () => ({ retryAfterMs: 10 }),
    }
    const { url, logs } = await serve(platform, { health })

    expect(await (await fetch(`${url}/livez`)).text()).toBe('ok')
    const refused = await fetch(`${url}/orders/7`)

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(logs.records).toEqual([])
  })
})

test('mount() throws when the platform is neither Express nor Fastify', () => {
  const platform = { getType: () => 'koa', getInstance: () => ({}), use: () => {} }

  expect(() => mount(platform, {} as never, undefined)).toThrow(/Cannot observe Nest on koa: expected the platform/)
})

test('forRoot() throws when the service is not running, at start and not at the first request', async () => {
  const { providers = [] } = OpsModule.forRoot({
    get ops(): never {
      throw new Error('not running')
    },
  })
  const ofService = providers.filter((provider) => 'provide' in provider && provider.provide !== APP_INTERCEPTOR)
  const factories = ofService.flatMap((provider) => ('useFactory' in provider ? [provider.useFactory] : []))

  expect(factories).toHaveLength(2)
  for (const factory of factories) expect(() => factory({ httpAdapter: {} })).toThrow('not running')
})
