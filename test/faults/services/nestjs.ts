/** Orders on NestJS with its adapter, drained by @ops/health. Decorators are called as functions: Node strips types and nothing else. */
import 'reflect-metadata'
import type { Server } from 'node:http'
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { OpsModule } from '@ops/nestjs'
import { serve, service } from './serve.ts'

class OrdersController {
  async create(order: unknown): Promise<unknown> {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    return order
  }
}
const create = Object.getOwnPropertyDescriptor(OrdersController.prototype, 'create') as PropertyDescriptor
Controller('orders')(OrdersController)
Post()(OrdersController.prototype, 'create', create)
HttpCode(200)(OrdersController.prototype, 'create', create)
Body()(OrdersController.prototype, 'create', 0)

class AppModule {}
Module({ imports: [OpsModule.forRoot(service)], controllers: [OrdersController] })(AppModule)

const app = await NestFactory.create(AppModule, { logger: false })
await serve(
  app.getHttpServer() as Server,
  () => app.listen(0, '127.0.0.1'),
  () => app.close(),
)
