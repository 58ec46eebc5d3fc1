// NestJS 12 on its Fastify adapter; decorators are applied by hand, so that no compiler is needed.
import { has, logStream, redact, require, serve, startOtel, tuned, user } from './common.mjs'

startOtel(() => {
  const F = require('@fastify/otel')
  const { NestInstrumentation } = require('@opentelemetry/instrumentation-nestjs-core')
  return [
    new (F.default ?? F)({
      registerOnInitialization: true,
      ...((tuned || process.env.LEAN) && { instrumentHooks: false, instrumentHandler: false }),
    }),
    new NestInstrumentation(),
  ]
})
require('fastify') // CommonJS first, so that the hooks see it
await import('reflect-metadata')
const { Controller, Get, Param, Module, Injectable } = await import('@nestjs/common')
const { NestFactory, APP_INTERCEPTOR } = await import('@nestjs/core')
const { FastifyAdapter } = await import('@nestjs/platform-fastify')

class UsersController {
  get(id) {
    return user(id)
  }
}
Controller('api/users')(UsersController)
Get(':id')(UsersController.prototype, 'get', Object.getOwnPropertyDescriptor(UsersController.prototype, 'get'))
Param('id')(UsersController.prototype, 'get', 0)

const imports = [],
  providers = [],
  controllers = [UsersController]
if (has('log')) {
  // forRoutes: with nestjs-pino 5.2.1's own default ('{/*splat}') this adapter logs no request at all
  const { LoggerModule } = require('nestjs-pino')
  imports.push(
    LoggerModule.forRoot({
      forRoutes: ['{*splat}'],
      pinoHttp: { logger: require('pino')({ ...(redact && { redact }) }, logStream()) },
    }),
  )
}
if (has('metrics')) {
  // @willsoto/nestjs-prometheus has the registry and /metrics only; the interceptor is what its users write
  const { PrometheusModule } = require('@willsoto/nestjs-prometheus')
  const { Histogram } = require('prom-client')
  const { tap } = await import('rxjs')
  const h = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'RED',
    labelNames: ['method', 'route', 'status_code'],
  })
  class MetricsInterceptor {
    intercept(ctx, next) {
      const req = ctx.switchToHttp().getRequest(),
        res = ctx.switchToHttp().getResponse(),
        end = h.startTimer()
      const done = () => end({ method: req.method, route: req.routeOptions.url, status_code: res.statusCode })
      return next.handle().pipe(tap({ next: done, error: done }))
    }
  }
  Injectable()(MetricsInterceptor)
  imports.push(PrometheusModule.register())
  providers.push({ provide: APP_INTERCEPTOR, useClass: MetricsInterceptor })
}
if (has('health')) {
  const { TerminusModule, HealthCheckService, HealthCheck } = await import('@nestjs/terminus')
  class HealthController {
    constructor(h) {
      this.h = h
    }
    check() {
      return this.h.check([])
    }
  }
  Reflect.defineMetadata('design:paramtypes', [HealthCheckService], HealthController)
  Controller('health')(HealthController)
  const d = Object.getOwnPropertyDescriptor(HealthController.prototype, 'check')
  Get()(HealthController.prototype, 'check', d)
  HealthCheck()(HealthController.prototype, 'check', d)
  imports.push(TerminusModule)
  controllers.push(HealthController)
}
class AppModule {}
Module({ imports, controllers, providers })(AppModule)
const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
if (has('log')) app.useLogger(app.get(require('nestjs-pino').Logger))
await app.listen(0, '127.0.0.1')
serve(app.getHttpServer().address().port)
