/**
 * Asks for admission where guards have identified: before the interceptors and the handler of a route. An interceptor of ours
 * would stand there too, but it would take every request of the application through Nest's rxjs pipeline, which costs more
 * than all the rest of the request path.
 */
import { HttpException } from '@nestjs/common'
import { InterceptorsConsumer } from '@nestjs/core/interceptors/interceptors-consumer.js'
import type { Admission } from '@ops/http'
import { tryGetTied } from './observed.ts'

const GATED = Symbol.for('@ops/nestjs/gated')

/** A response of either platform. */
interface AnyResponse {
  header(name: string, value: string): unknown
}

/** Puts the gate before the routes. Once a process, however many applications it has; requests that are not observed pass. */
export function gateRoutes(): void {
  const consumer = InterceptorsConsumer.prototype as InterceptorsConsumer & { [GATED]?: boolean }
  if (consumer[GATED] === true) return
  Object.defineProperty(consumer, GATED, { value: true })
  const { intercept } = consumer
  consumer.intercept = function (this: InterceptorsConsumer, interceptors, args, instance, callback, next, type) {
    const admission = type === 'http' ? tryGetTied(args[0])?.admit?.() : undefined
    if (admission === undefined) return intercept.call(this, interceptors, args, instance, callback, next, type)
    return admission.then((one) => {
      apply(one, args[1] as AnyResponse)
      return intercept.call(this, interceptors, args, instance, callback, next, type)
    })
  }
}

/** @throws HttpException with the answer to a request that is not let in, for Nest's filters. */
function apply({ headers, answer }: Admission, response: AnyResponse): void {
  for (const name of Object.keys(headers)) response.header(name, headers[name] as string)
  if (answer !== undefined) throw new HttpException(JSON.parse(answer.body), answer.status)
}
