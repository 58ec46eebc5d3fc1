/**
 * Errors where Nest hands them to its exception filters: of guards, interceptors, pipes, handlers and middleware alike.
 * A filter or an interceptor of ours would see only some of them, or would answer them.
 */
import type { ArgumentsHost } from '@nestjs/common'
import { ExceptionsHandler } from '@nestjs/core/exceptions/exceptions-handler.js'
import { tryGetTied } from './observed.ts'

const WATCHED = Symbol.for('@ops/nestjs/watched')

/** Notes every error on the observation of its request and leaves the answer to Nest. Once a process, however many applications it has. */
export function watchExceptions(): void {
  const handler = ExceptionsHandler.prototype as ExceptionsHandler & { [WATCHED]?: boolean }
  if (handler[WATCHED] === true) return
  Object.defineProperty(handler, WATCHED, { value: true })
  const { next } = handler
  handler.next = function (this: ExceptionsHandler, exception, host) {
    const observation = isHttp(host) ? tryGetTied(host.getArgByIndex(0))?.observation : undefined
    try {
      next.call(this, exception, host)
    } catch (thrown) {
      // The filter failed: that is what the caller got.
      observation?.fail(thrown)
      throw thrown
    } finally {
      observation?.fail(exception)
    }
  }
}

function isHttp(host: Pick<ArgumentsHost, 'getType'>): boolean {
  return host.getType() === 'http'
}
