import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import { answer, toAnswer } from '@ops-examples/orders'
import type { FastifyReply } from 'fastify'

/** Answers every error in the API's form. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const { status, body } = answerOf(error)
    host.switchToHttp().getResponse<FastifyReply>().code(status).send(body)
  }
}

function answerOf(error: unknown): ReturnType<typeof toAnswer> {
  if (error instanceof HttpException) {
    const given = error.getResponse()
    const isOurs = typeof given === 'object' && 'error' in given && typeof given.error === 'object'
    const { status, body } = answer(
      error.getStatus(),
      error.getStatus() === 404 ? 'NOT_FOUND' : 'INVALID',
      error.message,
    )
    return { status, body: isOurs ? (given as typeof body) : body }
  }
  const { statusCode = 500 } = error as { statusCode?: number }
  return statusCode < 500 ? answer(statusCode, 'INVALID', 'The request is not valid') : toAnswer(error)
}
