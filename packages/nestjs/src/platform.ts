/** The request path on the server under Nest, below its middleware and body parsers, so that nothing escapes it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Identity, runInContext } from '@ops/core'
import {
  type Admission,
  type Answer,
  expressRouteOf,
  type Observation,
  proceed,
  REQUEST_ID_HEADER,
  type RequestPath,
  TRACE_ID_HEADER,
} from '@ops/http'
import { setIdHeaders } from './id-headers.ts'
import { tie } from './observed.ts'

/** What is needed of Nest's HTTP adapter. */
export interface HttpPlatform {
  getType(): string
  getInstance(): unknown
  use(middleware: (request: IncomingMessage, response: ServerResponse, next: () => void) => void): unknown
}

/** Names tenant and user of a request, in the platform's own type. */
export type Identify = (request: never) => Identity | undefined

/** Puts the request path on the platform. @throws TypeError for a platform other than Express and Fastify. */
export function mount(platform: HttpPlatform, path: RequestPath, identify: Identify | undefined): void {
  const type = platform.getType()
  if (type === 'express') mountOnExpress(platform, path, identify)
  else if (type === 'fastify') mountOnFastify(platform as FastifyPlatform, path, identify)
  else throw new TypeError(`Cannot observe Nest on ${type}: expected the platform express or fastify`)
}

function mountOnExpress(platform: HttpPlatform, path: RequestPath, identify: Identify | undefined): void {
  platform.use((request, response, next) => {
    const answer = path.intercept(request)
    if (answer !== undefined) return respond(response, answer)
    const observation = path.start(request, response, expressRouteOf)
    tie(request, { observation, admit: identify === undefined ? () => path.admit(observation) : undefined })
    response.setHeader(TRACE_ID_HEADER, observation.context.traceId)
    response.setHeader(REQUEST_ID_HEADER, observation.context.requestId)
    identifyBy(identify, request, observation)
    const goOn = () => runInContext(observation.context, next)
    const admission = path.admit(observation, identify !== undefined)
    if (admission === undefined) goOn()
    else void admission.then((one) => proceed(response, one, goOn))
  })
}

interface FastifyRequestLike {
  readonly raw: IncomingMessage
  readonly routeOptions: { readonly url?: string }
}
interface FastifyReplyLike {
  readonly raw: ServerResponse
  header(name: string, value: string): FastifyReplyLike
  headers(values: Readonly<Record<string, string>>): FastifyReplyLike
  code(status: number): FastifyReplyLike
  send(body: string): unknown
  hijack(): FastifyReplyLike
}
type RequestHook = (request: FastifyRequestLike, reply: FastifyReplyLike, done: (error?: unknown) => void) => unknown
interface FastifyPlatform extends HttpPlatform {
  readonly onRequestHook?: RequestHook
  setOnRequestHook(hook: RequestHook | undefined): void
}

function mountOnFastify(platform: FastifyPlatform, path: RequestPath, identify: Identify | undefined): void {
  const app = platform.getInstance() as { addHook(name: 'onRoute', hook: (route: { url: string }) => void): unknown }
  app.addHook('onRoute', ({ url }) => path.declare(url))
  hookFirst(platform, (request, reply, next) => {
    const answer = path.intercept(request.raw)
    if (answer !== undefined) return respond(reply.hijack().raw, answer)
    const observation = path.start(request.raw, reply.raw)
    observation.route = request.routeOptions.url
    tie(request.raw, { observation, admit: identify === undefined ? () => path.admit(observation) : undefined })
    setIdHeaders(reply, observation.context)
    identifyBy(identify, request, observation)
    const goOn = () => runInContext(observation.context, next)
    const admission = path.admit(observation, identify !== undefined)
    if (admission === undefined) goOn()
    else void admission.then((one) => proceedByFastify(reply, one, goOn))
  })
}

/**
 * Nest's own request hook is the only one that runs before its middleware: a module's would be added after that of middie.
 * One that the application sets runs after ours.
 */
function hookFirst(
  platform: FastifyPlatform,
  ours: (request: FastifyRequestLike, reply: FastifyReplyLike, next: () => void) => void,
): void {
  let theirs = platform.onRequestHook
  platform.setOnRequestHook((request, reply, done) => {
    const next = () => {
      const result = theirs?.call(platform, request, reply, done)
      if (theirs === undefined) done()
      else if (result instanceof Promise) result.then(() => done(), done)
    }
    ours(request, reply, next)
  })
  platform.setOnRequestHook = (hook) => {
    theirs = hook
  }
}

function proceedByFastify(reply: FastifyReplyLike, { headers, answer }: Admission, goOn: () => void): void {
  reply.headers(headers)
  if (answer === undefined) goOn()
  else reply.code(answer.status).headers(answer.headers).send(answer.body)
}

function identifyBy(identify: Identify | undefined, request: unknown, observation: Observation): void {
  const identity = identify?.(request as never)
  if (identity !== undefined) observation.context.identify(identity)
}

function respond(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, answer.headers).end(answer.body)
}
