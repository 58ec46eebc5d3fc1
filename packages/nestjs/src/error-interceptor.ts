import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common'
import { catchError, type Observable, throwError } from 'rxjs'
import { tryGetObservation } from './observed.ts'

/** Notes the error a handler, pipe or interceptor failed with before Nest's exception filters answer it. */
export const errorInterceptor: NestInterceptor = {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle()
    const observation = tryGetObservation(context.switchToHttp().getRequest())
    return next.handle().pipe(
      catchError((error: unknown) => {
        observation?.fail(error)
        return throwError(() => error)
      }),
    )
  },
}
