import 'reflect-metadata'
import { Controller, Get, HttpException, type INestApplication, Module, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { currentContext, requireTenant } from '@ops/core'
import type { RequestPathOptions } from '@ops/http'
import { OPS, OpsModule } from '@ops/nestjs'
import { recordLogs, recordMetrics, recordSpans, waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

@Controller('orders')
class Orders {
  @Get('fail')
  fail(): never {
    throw new RangeError('boom')
  }
  @Get('refuse')
  refuse(): never {
    throw new HttpException('no', 409)
  }
  @Get('hang')
  hang(): Promise<never> {
    currentContext()?.signal.addEventListener('abort', () => aborts.push('aborted'))
    client.abort()
    return new Promise(() => {})
  }
  @Get(':id')
  read(): unknown {
    return { tenant: requireTenant('read'), trace: currentContext()?.traceId }
  }
}

let client = new AbortController()
const aborts: string[] = []

async function serve(platform: string, ops: RequestPathOptions = {}) {
  const logs = recordLogs()
  const metrics = recordMetrics()
  const spans = recordSpans()
  const service = { ops: { logger: logs.logger, meter: metrics.meter, ...ops } }
  const identify = (request: { headers: Record<string, string> }) => ({ tenant: request.headers['x-api-key'] })
  class AppModule {}
  Module({ imports: [OpsModule.forRoot(service, { identify })], controllers: [Orders] })(AppModule)
  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter()
  const app: INestApplication = await NestFactory.create(AppModule as Type, adapter as ExpressAdapter, {
    logger: false,
  })
  await app.listen(0, '127.0.0.1')
  closers.push(
    () => spans.stop(),
    () => {
      app.getHttpServer().closeAllConnections()
      return app.close()
    },
  )
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1')
  return { url, app, logs, metrics, spans: spans.spans, service }
}

const TRACE_ID = /^[0-9a-f]{32}$/

describe.each(['express', 'fastify'])('OpsModule on %s', (platform) => {
  test('forRoot() observes a request once when a controller answers', async () => {
    const { url, logs, metrics, spans } = await serve(platform)

    const response = await fetch(`${url}/orders/7`, { headers: { 'x-api-key': 'acme' } })
    await waitFor(() => logs.records.length === 1)

    expect(await response.json()).toEqual({ tenant: 'acme', trace: response.headers.get('x-trace-id') })
    expect(metrics.value('http_requests_total', { route: '/orders/:id', status: '200' })).toBe(1)
    expect(spans.map(({ name, traceId }) => [name, traceId])).toEqual([
      ['GET /orders/:id', response.headers.get('x-trace-id')],
    ])
  })

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

  test('forRoot() counts unmatched paths as one route when nothing handles them', async () => {
    const { url, logs, metrics } = await serve(platform)

    const response = await fetch(`${url}/nowhere`)
    await waitFor(() => logs.records.length === 1)

    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(metrics.value('http_requests_total', { route: '__unmatched__', status: '404' })).toBe(1)
  })

  test('forRoot() records 499 and aborts the signal when the client goes away', async () => {
    const { url, logs } = await serve(platform)
    client = new AbortController()
    aborts.length = 0

    await expect(fetch(`${url}/orders/hang`, { signal: client.signal })).rejects.toThrow()
    await waitFor(() => logs.records.length === 1)

    expect(aborts).toEqual(['aborted'])
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

  test('forRoot() gives the parts to whoever injects OPS', async () => {
    const { app, service } = await serve(platform)

    expect(app.get(OPS)).toBe(service.ops)
  })
})
