import { OpsError } from '@ops/core'

/** Reason of the context's abort when the client went away before the response ended. Code `OPS_HTTP_CLIENT_CLOSED`. */
export class ClientClosedError extends OpsError {
  override readonly name = 'ClientClosedError'

  constructor() {
    super('Cannot finish the response: the client closed the connection, expected it to wait', {
      code: 'OPS_HTTP_CLIENT_CLOSED',
      expected: true,
    })
  }
}

/** An outgoing call did not answer in time. Code `OPS_HTTP_TIMEOUT`. */
export class HttpTimeoutError extends OpsError {
  override readonly name = 'HttpTimeoutError'

  constructor(client: string, timeoutMs: number, options: { readonly cause?: unknown } = {}) {
    super(`Cannot call ${client}: no answer, expected one within ${Math.round(timeoutMs)} ms`, {
      code: 'OPS_HTTP_TIMEOUT',
      cause: options.cause,
      details: { client, timeoutMs },
    })
  }
}

/** An outgoing call got no answer at all. Code `OPS_HTTP_UNREACHABLE`. */
export class HttpUnreachableError extends OpsError {
  override readonly name = 'HttpUnreachableError'

  constructor(client: string, cause: unknown) {
    super(`Cannot call ${client}: no connection, expected an answer`, {
      code: 'OPS_HTTP_UNREACHABLE',
      cause,
      details: { client },
    })
  }
}
