/** The metrics page in the ops port's worker: formats from shared memory, so it answers while the main thread is wedged. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { MainThread, OpsHandler, OpsRequest, OpsResponse } from '@ops/ops-port'
import type { SharedMetrics } from './arena.ts'
import { Exposer } from './exposer.ts'
import { acceptsGzip, CONTENT_TYPES, negotiateFormat } from './negotiate.ts'
import { NOTHING_OUTSIDE, type OutsideMetrics } from './sources.ts'

/** What the page is created with. */
export interface PageData {
  readonly shared: SharedMetrics
  /** How long the main thread has to run its collectors before the last values are shown. */
  readonly collectTimeoutMs: number
}

const compress = promisify(gzip)

/** Creates the page. One in-process copy serves too, where the ops port runs without a thread. */
export function createPage({ shared, collectTimeoutMs }: PageData, main: MainThread): OpsHandler {
  const exposer = new Exposer(shared)
  let outside = NOTHING_OUTSIDE
  return async (request) => {
    try {
      outside = (await main.call('collect', collectTimeoutMs)) as OutsideMetrics
    } catch {
      // The main thread is busy or gone: the last values are better than none.
    }
    const format = negotiateFormat(request.headers['accept'])
    return encode(request, CONTENT_TYPES[format], await exposer.bytes(outside, format))
  }
}

async function encode(request: OpsRequest, contentType: string, body: Buffer): Promise<OpsResponse> {
  const headers = { 'content-type': contentType, vary: 'accept, accept-encoding' }
  if (!acceptsGzip(request.headers['accept-encoding'])) return { status: 200, headers, body }
  // Level 1: a tenth of the size at a third of the time of the default.
  return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: await compress(body, { level: 1 }) }
}
