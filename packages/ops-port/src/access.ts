/** Decides who may see restricted pages: callers on this machine, or whoever has the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Only these: a service mesh's sidecar forwards strangers from other addresses of 127.0.0.0/8. */
const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])
const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Creates the test of a request. Comparison of tokens takes the same time whatever they hold. */
export function createAccess(token: string | undefined): (req: IncomingMessage) => boolean {
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`)
  return (req) => {
    const given = req.headers.authorization
    if (expected !== undefined && given !== undefined) return timingSafeEqual(digest(given), expected)
    return isLocal(req)
  }
}

/** Not one that a proxy on this machine forwards, nor a page in a browser on it (rebound name, other site). */
function isLocal(req: IncomingMessage): boolean {
  const { headers } = req
  const site = headers['sec-fetch-site']
  return (
    LOOPBACK.has(req.socket.remoteAddress ?? '') &&
    headers['x-forwarded-for'] === undefined &&
    headers.forwarded === undefined &&
    LOCAL_HOST.test(headers.host ?? '') &&
    (site === undefined || site === 'same-origin' || site === 'none')
  )
}
