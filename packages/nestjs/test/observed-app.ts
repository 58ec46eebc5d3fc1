/** A Nest application under observation on either platform, for the tests. */
import 'reflect-metadata'
import {
  type CanActivate,
  Controller,
  Get,
  HttpException,
  type INestApplication,
  Module,
  type Type,
} from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { currentContext, requireTenant } from '@ops/core'
import type { RequestPathOptions } from '@ops/http'
import { OpsModule } from '@ops/nestjs'
import {
  type LogRecording,
  type MetricRecording,
  type RecordedSpan,
  recordLogs,
  recordMetrics,
  recordSpans,
} from '@ops/testing'
import { afterEach } from 'vitest'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** The client that goes away, and what the handler saw of it. */
export const hanging: { client: AbortController; aborts: string[] } = { client: new AbortController(), aborts: [] }

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
    currentContext()?.signal.addEventListener('abort', () => hanging.aborts.push('aborted'))
    hanging.client.abort()
    return new Promise(() => {})
  }
  @Get(':id')
  read(): unknown {
    return { tenant: requireTenant('read'), trace: currentContext()?.traceId }
  }
}

/** A running application and what it recorded. */
export interface ObservedApp {
  readonly url: string
  readonly app: INestApplication
  readonly logs: LogRecording
  readonly metrics: MetricRecording
  readonly spans: RecordedSpan[]
  readonly service: { readonly ops: RequestPathOptions }
}

/** Listens on a free port until the test ends. */
export async function serve(
  platform: string,
  ops: RequestPathOptions = {},
  { byGuard = false }: { readonly byGuard?: boolean } = {},
): Promise<ObservedApp> {
  const logs = recordLogs()
  const metrics = recordMetrics()
  const spans = recordSpans()
  const service = { ops: { logger: logs.logger, meter: metrics.meter, ...ops } }
  const identify = (request: { headers: Record<string, string> }) => ({ tenant: request.headers['x-api-key'] })
  class AppModule {}
  const guard: CanActivate = {
    canActivate(context) {
      currentContext()?.identify(identify(context.switchToHttp().getRequest()))
      return true
    },
  }
  Module({
    imports: [OpsModule.forRoot(service, byGuard ? {} : { identify })],
    controllers: [Orders],
    providers: byGuard ? [{ provide: APP_GUARD, useValue: guard }] : [],
  })(AppModule)
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

/** What a generated trace id looks like. */
export const TRACE_ID: RegExp = /^[0-9a-f]{32}$/
