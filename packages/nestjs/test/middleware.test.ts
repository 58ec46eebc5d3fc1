/** Below Nest's middleware: nothing that answers a request comes before the observation. */
import 'reflect-metadata'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Controller, Get, type INestApplication, Module, type NestModule, Sse, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { currentContext } from '@ops/core'
import { OpsModule } from '@ops/nestjs'
import { recordLogs, waitFor } from '@ops/testing'
import { of } from 'rxjs'
import { afterEach, describe, expect, test } from 'vitest'
import { TRACE_ID } from './observed-app.ts'

const seen: (string | undefined)[] = []

@Controller()
class Routes {
  @Get('plain')
  plain(): string {
    return 'plain'
  }
  @Get('answered')
  answered(): string {
    return 'never'
  }
  @Sse('events')
  events(): unknown {
    return of({ data: 'one' })
  }
}

class AppModule implements NestModule {
  configure(consumer: Parameters<NestModule['configure']>[0]): void {
    consumer
      .apply((request: IncomingMessage & { originalUrl?: string }, response: ServerResponse, next: () => void) => {
        seen.push(currentContext()?.traceId)
        if ((request.originalUrl ?? request.url) === '/answered') response.end('by middleware')
        else next()
      })
      .forRoutes(Routes)
  }
}

const apps: INestApplication[] = []
afterEach(async () => {
  seen.length = 0
  for (const app of apps.splice(0)) {
    app.getHttpServer().closeAllConnections()
    await app.close()
  }
})

async function listen(platform: string, prepare: (adapter: FastifyAdapter) => void = () => {}) {
  const logs = recordLogs()
  class Root extends AppModule {}
  Module({ imports: [OpsModule.forRoot({ ops: { logger: logs.logger } })], controllers: [Routes] })(Root)
  const adapter = (platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter()) as FastifyAdapter
  const app: INestApplication = await NestFactory.create(Root as Type, adapter, { logger: false })
  apps.push(app)
  prepare(adapter)
  await app.listen(0, '127.0.0.1')
  return { url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), logs }
}

describe.each(['express', 'fastify'])('OpsModule on %s', (platform) => {
  test.each([
    ['/plain', 'plain'],
    ['/answered', 'by middleware'],
    ['/events', 'one'],
  ])('the request is observed, and middleware runs in its context, when %s is answered', async (path, body) => {
    const { url, logs } = await listen(platform)

    const response = await fetch(url + path)
    const text = await response.text()
    await waitFor(() => logs.records.length === 1)

    expect(text).toContain(body)
    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(response.headers.get('x-request-id')).toBeTruthy()
    expect(seen).toEqual([response.headers.get('x-trace-id')])
    expect(logs.records[0]?.fields).toMatchObject({ path, status: 200 })
  })
})

test.each([
  ['calls done', (done: () => void) => done()],
  ['returns a promise', async () => {}],
])('the request hook of an application runs in the context too when it %s', async (_, end) => {
  const traces: (string | undefined)[] = []
  const { url } = await listen('fastify', (adapter) =>
    adapter.setOnRequestHook((_request: unknown, _reply: unknown, done: () => void) => {
      traces.push(currentContext()?.traceId)
      return end(done)
    }),
  )

  const response = await fetch(`${url}/plain`)

  expect(await response.text()).toBe('plain')
  expect(traces).toEqual([response.headers.get('x-trace-id')])
})
