import { type CallHandler, type ExecutionContext, HttpException, type NestInterceptor } from '@nestjs/common'
import type { HttpAdapterHost } from '@nestjs/core'
import type { Admission } from '@ops/http'
import { from, mergeMap, type Observable, throwError } from 'rxjs'
import { tryGetTied } from './observed.ts'

/** Asks for admission where guards identify. */
export function createInterceptor({ httpAdapter }: HttpAdapterHost): NestInterceptor {
  const refuseOr = (context: ExecutionContext, { headers, answer }: Admission, next: CallHandler) => {
    const response = context.switchToHttp().getResponse()
    for (const name of Object.keys(headers)) httpAdapter.setHeader(response, name, headers[name] as string)
    if (answer === undefined) return next.handle()
    return throwError(() => new HttpException(JSON.parse(answer.body), answer.status))
  }
  return {
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      if (context.getType() !== 'http') return next.handle()
      const admission = tryGetTied(context.switchToHttp().getRequest())?.admit?.()
      return admission === undefined
        ? next.handle()
        : from(admission).pipe(mergeMap((one) => refuseOr(context, one, next)))
    },
  }
}
