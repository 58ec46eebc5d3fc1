/** A Nest service in which everything around a handler may fail. Decorators are called as functions: Node strips types and nothing else. */
import 'reflect-metadata'
import type { AddressInfo } from 'node:net'
import { Controller, Get, Module, Query, type Type, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { OpsModule } from '@ops/nestjs'
import { defineService } from '@ops/service'

class Fault extends Error {
  override readonly name = 'Fault'
}
const fail = (where: string) => (): never => {
  throw new Fault(where)
}

const service = defineService({ name: 'guarded', owner: 'team-test', tier: 3, settings: {} })

class Routes {
  guard(): string {
    return 'never'
  }
  pipe(_asked: unknown): string {
    return 'never'
  }
  interceptor(): string {
    return 'never'
  }
}
const decorators = {
  guard: UseGuards({ canActivate: fail('guard') }),
  pipe: UsePipes({ transform: fail('pipe') }),
  interceptor: UseInterceptors({ intercept: fail('interceptor') }),
}
Controller()(Routes)
Query('asked')(Routes.prototype, 'pipe', 0)
for (const [name, decorate] of Object.entries(decorators)) {
  const descriptor = Object.getOwnPropertyDescriptor(Routes.prototype, name) as PropertyDescriptor
  Get(name)(Routes.prototype, name, descriptor)
  decorate(Routes.prototype, name, descriptor)
}

await service.run(async () => ({
  default: async ({ logger, lifecycle, port, opsPort }) => {
    class AppModule {}
    Module({ imports: [OpsModule.forRoot(service)], controllers: [Routes] })(AppModule)
    const app = await NestFactory.create(AppModule as Type, new FastifyAdapter(), { logger: false })
    lifecycle.http(app.getHttpServer())
    await app.listen(port, '127.0.0.1')
    logger.info({ listening: (app.getHttpServer().address() as AddressInfo).port, opsPort }, 'listening')
  },
}))
