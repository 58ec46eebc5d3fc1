import { type DynamicModule, Module } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import type { Identity } from '@ops/core'
import { createRequestPath, type RequestPathSource } from '@ops/http'
import { gateRoutes } from './admission-gate.ts'
import { watchExceptions } from './exception-watch.ts'
import { type HttpPlatform, mount } from './platform.ts'

/** Injection token of the service's parts. */
export const OPS: unique symbol = Symbol.for('@ops/nestjs/OPS')

/** Options of {@link OpsModule.forRoot}. */
export interface OpsModuleOptions<Request> {
  /**
   * Names tenant and user from the request of the platform, before guards run. Where a guard authenticates, let it
   * call `currentContext()?.identify()` instead; the limit of requests is then asked after the guards.
   *
   * @defaultValue nobody is identified
   */
  readonly identify?: (request: Request) => Identity | undefined
}

const MOUNTED = Symbol('@ops/nestjs/mounted')

/**
 * The @ops request path as a Nest module, on Express and on Fastify: probes, context, one log line, metrics and a span
 * for every request. Import it into the root module.
 *
 * @example
 * imports: [OpsModule.forRoot(service)]
 */
// biome-ignore lint/complexity/noStaticOnlyClass: Nest modules are classes
export class OpsModule {
  static forRoot<Request = never>(service: RequestPathSource, options: OpsModuleOptions<Request> = {}): DynamicModule {
    watchExceptions()
    gateRoutes()
    return {
      module: OpsModule,
      global: true,
      providers: [
        { provide: OPS, useFactory: () => service.ops },
        {
          provide: MOUNTED,
          useFactory: (host: HttpAdapterHost) =>
            mount(host.httpAdapter as unknown as HttpPlatform, createRequestPath(service.ops), options.identify),
          inject: [HttpAdapterHost],
        },
      ],
      exports: [OPS],
    }
  }
}

Module({})(OpsModule)
