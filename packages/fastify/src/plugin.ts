/** opsFastify: the request path as hooks of Fastify. */
import { type Identity, runInContext } from '@ops/core'
import {
  type Admission,
  createRequestPath,
  type Observation,
  REQUEST_ID_HEADER,
  type RequestPathSource,
  TRACE_ID_HEADER,
} from '@ops/http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Options of {@link opsFastify}. */
export interface OpsFastifyOptions {
  /** The running service, or any object with its parts under `ops`. */
  readonly service: RequestPathSource
  /**
   * Names tenant and user from the verified identity of a request; called before the handler, after `preValidation`. The limit of requests is asked next.
   * @defaultValue nobody is identified; the application may call `currentContext()?.identify()` itself
   */
  readonly identify?: (request: FastifyRequest) => Identity | undefined
}

const OBSERVATION = Symbol('ops.observation')

type Observed = FastifyRequest & { [OBSERVATION]?: Observation }

/**
 * The @ops request path as a Fastify plugin: probes, context, one log line, metrics and a span for every request.
 * Register it first, so that its hooks enclose all others. It also covers routes of other plugins and unmatched paths.
 *
 * @example
 * await app.register(opsFastify, { service, identify: (request) => ({ tenant: request.user.org }) })
 */
export async function opsFastify(app: FastifyInstance, options: OpsFastifyOptions): Promise<void> {
  const path = createRequestPath(options.service.ops)
  const { identify } = options

  app.addHook('onRoute', ({ url }) => path.declare(url))
  app.decorateRequest(OBSERVATION as never, null as never)
  app.addHook('onRequest', (request: Observed, reply: FastifyReply, done: () => void) => {
    const answer = path.intercept(request.raw)
    if (answer !== undefined) {
      reply.code(answer.status).headers(answer.headers).send(answer.body)
      return
    }
    const observation = path.start(request.raw, reply.raw)
    observation.route = request.routeOptions.url
    request[OBSERVATION] = observation
    // Fastify's own header map, not the raw response: Node writes both together on a slower path.
    reply.header(TRACE_ID_HEADER, observation.context.traceId).header(REQUEST_ID_HEADER, observation.context.requestId)
    reply.hijack = hijackWithHeaders
    runInContext(observation.context, done)
  })
  app.addHook('onError', (request: Observed, _reply, error, done) => {
    request[OBSERVATION]?.fail(error)
    done()
  })
  app.addHook('preHandler', (request: Observed, reply, done) => {
    const observation = request[OBSERVATION]
    if (observation === undefined) return done()
    const identity = identify?.(request)
    if (identity !== undefined) observation.context.identify(identity)
    const admission = path.admit(observation)
    if (admission === undefined) done()
    else void admission.then((one) => proceed(reply, one, () => runInContext(observation.context, done)))
  })
}

function proceed(reply: FastifyReply, { headers, answer }: Admission, goOn: () => void): void {
  reply.headers(headers)
  if (answer === undefined) goOn()
  else reply.code(answer.status).headers(answer.headers).send(answer.body)
}

/** A hijacked reply is written by the application: what Fastify would have sent for us goes on the raw response. */
function hijackWithHeaders(this: FastifyReply): FastifyReply {
  for (const name of [TRACE_ID_HEADER, REQUEST_ID_HEADER]) this.raw.setHeader(name, this.getHeader(name) as string)
  return Object.getPrototypeOf(this).hijack.call(this)
}

// What fastify-plugin does: the hooks apply to the whole application, not to this plugin's own scope.
Object.assign(opsFastify, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: '@ops/fastify' })
