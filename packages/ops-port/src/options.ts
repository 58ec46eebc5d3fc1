/** Options of the ops port, their defaults and their bounds. */
import type { OpsPage } from './page.ts'

/** What {@link startOpsPort} takes. */
export interface OpsPortOptions {
  /** TCP port, 0 (any free one) to 65_535. */
  readonly port: number
  /**
   * Address to listen on: loopback only unless opened with `'0.0.0.0'` or `'::'`.
   *
   * @defaultValue '127.0.0.1'
   */
  readonly host?: string
  /** What it serves; no two pages share a path. */
  readonly pages: readonly OpsPage[]
  /**
   * `false` serves on the main thread: for development and tests, where a wedged process need not be seen.
   *
   * @defaultValue true
   */
  readonly thread?: boolean
  /**
   * Bearer token that admits callers from elsewhere to restricted pages, at least 16 characters.
   *
   * @defaultValue none: restricted pages answer callers on this machine only
   */
  readonly token?: string
  /**
   * How long a page's `handle` on the main thread may take before the caller gets 503, in milliseconds from 1.
   *
   * @defaultValue 2_000
   */
  readonly mainTimeoutMs?: number
}

/** Options with their defaults. */
export type ResolvedOptions = Required<Omit<OpsPortOptions, 'token'>> & { readonly token: string | undefined }

/** Fills in defaults. @throws TypeError or RangeError naming what was given and what is allowed. */
export function resolveOptions(options: OpsPortOptions): ResolvedOptions {
  const { port, host = '127.0.0.1', pages, thread = true, token, mainTimeoutMs = 2000 } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`Cannot start ops port: port is ${port}, expected an integer from 0 to 65535`)
  }
  if (token !== undefined && token.length < 16) {
    throw new RangeError(`Cannot start ops port: token has ${token.length} characters, expected at least 16`)
  }
  if (!(mainTimeoutMs >= 1 && mainTimeoutMs <= 2_147_483_647)) {
    throw new RangeError(`Cannot start ops port: mainTimeoutMs is ${mainTimeoutMs}, expected 1 to 2147483647`)
  }
  assertPages(pages)
  return { port, host, pages, thread, token, mainTimeoutMs }
}

function assertPages(pages: readonly OpsPage[]): void {
  const seen = new Set<string>()
  for (const page of pages) {
    if ((page.handle === undefined) === (page.worker === undefined)) {
      throw new TypeError(`Cannot add page ${page.paths.join(', ')}: expected exactly one of handle and worker`)
    }
    for (const path of page.paths) {
      if (!/^\/[^?#\s]+$/.test(path)) {
        throw new TypeError(`Cannot add page ${JSON.stringify(path)}: expected a path such as /metrics`)
      }
      if (seen.has(path)) throw new TypeError(`Cannot add page ${path}: added twice, expected one page a path`)
      seen.add(path)
    }
  }
}
