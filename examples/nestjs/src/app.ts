import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { APP_FILTER, NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { OpsModule } from '@ops/nestjs'
import { createOrders, identityOf, service } from '@ops-examples/orders'
import type { FastifyRequest } from 'fastify'
import { ErrorFilter } from './error.filter.ts'
import { ORDERS, OrdersController } from './orders.controller.ts'

/** Builds the orders API and listens on PORT. */
export default async function start(): Promise<void> {
  const identify = (request: FastifyRequest) => identityOf(request.headers['x-api-key'])

  @Module({
    imports: [OpsModule.forRoot(service, { identify })],
    controllers: [OrdersController],
    providers: [
      { provide: ORDERS, useFactory: createOrders },
      { provide: APP_FILTER, useClass: ErrorFilter },
    ],
  })
  class AppModule {}

  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false })
  service.ops.lifecycle.http(app.getHttpServer())
  await app.listen(service.ops.port, '0.0.0.0')
}
