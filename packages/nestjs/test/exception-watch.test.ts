/** Errors of everything Nest runs around a handler: seen with their own object, and answered as if nobody had looked. */
import 'reflect-metadata'
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type DynamicModule,
  ForbiddenException,
  Get,
  type INestApplication,
  Module,
  type NestModule,
  Query,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { OpsModule } from '@ops/nestjs'
import { recordLogs, recordSpans, waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'

class Fault extends Error {
  override readonly name = 'Fault'
}
const fail = (where: string) => (): never => {
  throw new Fault(where)
}

@Catch(ForbiddenException)
class BrokenFilter {
  catch(_error: unknown, _host: ArgumentsHost): void {
    throw new Fault('filter')
  }
}

@Controller()
class Routes {
  @Get('guard')
  @UseGuards({ canActivate: fail('guard') })
  guard(): string {
    return 'never'
  }
  @Get('interceptor')
  @UseInterceptors({ intercept: fail('interceptor') })
  interceptor(): string {
    return 'never'
  }
  @Get('pipe')
  pipe(@Query('q', { transform: fail('pipe') }) q: unknown): unknown {
    return q
  }
  @Get('filter')
  @UseGuards({ canActivate: () => false })
  @UseFilters(BrokenFilter)
  filter(): string {
    return 'never'
  }
  @Get('forbidden')
  @UseGuards({ canActivate: () => false })
  forbidden(): string {
    return 'never'
  }
  @Get('middleware')
  middleware(): string {
    return 'never'
  }
}

class AppModule implements NestModule {
  configure(consumer: Parameters<NestModule['configure']>[0]): void {
    consumer.apply(fail('middleware')).forRoutes('middleware')
  }
}

const apps: INestApplication[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.getHttpServer().closeAllConnections()
    await app.close()
  }
})

async function listen(platform: string, imports: DynamicModule[]): Promise<string> {
  class Root extends AppModule {}
  Module({ imports, controllers: [Routes] })(Root)
  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter()
  const app: INestApplication = await NestFactory.create(Root as Type, adapter as ExpressAdapter, { logger: false })
  apps.push(app)
  await app.listen(0, '127.0.0.1')
  return (await app.getUrl()).replace('[::1]', '127.0.0.1')
}

describe.each(['express', 'fastify'])('OpsModule on %s', (platform) => {
  test.each(['guard', 'interceptor', 'pipe', 'filter', 'middleware'])(
    'the error itself is on line and span, and the answer is what it was, when a %s fails',
    async (place) => {
      const plain = await fetch(`${await listen(platform, [])}/${place}`)
      const [logs, spans] = [recordLogs(), recordSpans()]
      const url = await listen(platform, [OpsModule.forRoot({ ops: { logger: logs.logger } })])

      const observed = await fetch(`${url}/${place}`)
      await waitFor(() => logs.records.length === 1)
      spans.stop()

      expect([observed.status, await observed.text()]).toEqual([plain.status, await plain.text()])
      expect(observed.status).toBe(500)
      expect(logs.records[0]?.level).toBe('error')
      expect(logs.records[0]?.error).toMatchObject({ name: 'Fault', message: place })
      expect(spans.spans[0]?.status).toEqual({ code: 2, message: place })
      expect(spans.spans[0]?.attributes['error.type']).toBe('Fault')
    },
  )

  test('a refusal stays at info when a guard says no', async () => {
    const logs = recordLogs()
    const url = await listen(platform, [OpsModule.forRoot({ ops: { logger: logs.logger } })])

    const response = await fetch(`${url}/forbidden`)
    await waitFor(() => logs.records.length === 1)

    expect(response.status).toBe(403)
    expect(logs.records[0]).toMatchObject({ level: 'info', error: undefined, fields: { status: 403 } })
  })

  test('each application notes its own errors when one process has two', async () => {
    const [first, second] = [recordLogs(), recordLogs()]
    await listen(platform, [OpsModule.forRoot({ ops: { logger: first.logger } })])
    const url = await listen(platform, [OpsModule.forRoot({ ops: { logger: second.logger } })])

    await fetch(`${url}/guard`)
    await waitFor(() => second.records.length === 1)

    expect([first.records.length, second.records[0]?.error?.message]).toEqual([0, 'guard'])
  })
})
