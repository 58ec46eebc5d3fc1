/** Whether a request is served once it is known who asks: its deadline has not passed, and its user has requests left. */
import type { ServerResponse } from 'node:http'
import { type Clock, type Logger, runInContext, type WorkContext } from '@ops/core'
import type { Answer, RequestLimiter } from './options.ts'

/** What to do with a request that had to be looked at. */
export interface Admission {
  /** For the response, whoever writes it. */
  readonly headers: Readonly<Record<string, string>>
  /** The refusal to write; undefined lets the request go on. */
  readonly answer: Answer | undefined
}

/** What an admission is decided by. */
export interface AdmissionOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** Asked at each request, for a limiter may come after the path. */
  readonly limiter: () => RequestLimiter | undefined
}

const NO_HEADERS: Readonly<Record<string, string>> = {}
const JSON_TYPE = { 'content-type': 'application/json' }
const LATE: Answer = {
  status: 504,
  headers: JSON_TYPE,
  body: '{"error":{"code":"OPS_HTTP_DEADLINE_EXCEEDED","message":"The time of the request is up"}}',
}
const LIMITED: Answer = {
  status: 429,
  headers: JSON_TYPE,
  body: '{"error":{"code":"OPS_HTTP_RATE_LIMITED","message":"Too many requests, retry later"}}',
}

/** Decides about one request; `isIdentified` false looks at the deadline alone. */
export type Admit = (context: WorkContext, isIdentified: boolean) => Promise<Admission> | undefined

/** Returns the decision; it is undefined, at once, where nothing has to be looked at. */
export function createAdmission(options: AdmissionOptions): Admit {
  const { clock, logger, limiter: limiterNow } = options

  /** A limiter that fails limits nobody. */
  async function ask(limiter: RequestLimiter, context: WorkContext): Promise<Admission> {
    const { allowed, headers } = await runInContext(context, () => limiter.take())
    if (!allowed) return { headers, answer: LIMITED }
    return { headers, answer: isLate(context, clock) ? LATE : undefined }
  }

  return (context, isIdentified) => {
    if (isLate(context, clock)) return Promise.resolve({ headers: NO_HEADERS, answer: LATE })
    const limiter = isIdentified ? limiterNow() : undefined
    return limiter === undefined
      ? undefined
      : ask(limiter, context).catch((error: unknown) => {
          logger.warn({ err: error }, 'the rate limiter failed: the request goes on')
          return { headers: NO_HEADERS, answer: undefined }
        })
  }
}

/** Work for somebody who no longer waits is only load. */
function isLate({ deadline }: WorkContext, clock: Clock): boolean {
  return deadline !== undefined && deadline <= clock.monotonic()
}

/** Puts an admission on a response of `node:http`: its headers, and its answer where there is one; else calls `goOn`. */
export function proceed(response: ServerResponse, { headers, answer }: Admission, goOn: () => void): void {
  for (const name of Object.keys(headers)) response.setHeader(name, headers[name] as string)
  if (answer === undefined) goOn()
  else response.writeHead(answer.status, answer.headers).end(answer.body)
}
