// Ours on NestJS over Fastify, by the layers that LAYERS asks for; decorators are applied by hand, so that no compiler is needed.
import 'reflect-metadata'
import { createRequire } from 'node:module'
import { OpsModule } from '../../packages/nestjs/dist/index.js'
import { serve, user } from './common.mjs'
import { parts } from './ops-parts.mjs'

// The Nest that @ops/nestjs itself sees: two copies would not share their tokens.
const require = createRequire(new URL('../../packages/nestjs/package.json', import.meta.url))
const { Controller, Get, Param, Module } = require('@nestjs/common')
const { NestFactory } = require('@nestjs/core')
const { FastifyAdapter } = require('@nestjs/platform-fastify')

class UsersController {
  get(id) {
    return user(id)
  }
}
Controller('api/users')(UsersController)
Get(':id')(UsersController.prototype, 'get', Object.getOwnPropertyDescriptor(UsersController.prototype, 'get'))
Param('id')(UsersController.prototype, 'get', 0)

class AppModule {}
Module({ imports: [OpsModule.forRoot({ ops: parts() })], controllers: [UsersController] })(AppModule)
const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
await app.listen(0, '127.0.0.1')
serve(app.getHttpServer().address().port)
