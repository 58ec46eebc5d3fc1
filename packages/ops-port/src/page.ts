/** The contract between the ops port and who adds a page to it. */

/** A request to the ops port, body read. */
export interface OpsRequest {
  /** Upper case; `GET` for a HEAD request, whose body is left out of the answer. */
  readonly method: string
  readonly path: string
  /** Without the question mark; empty when there is none. */
  readonly query: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Text, at most 64 KiB. */
  readonly body: string
  readonly remoteAddress: string
  /** True for a caller on this machine or one with the bearer token: show such a caller more. */
  readonly authorized: boolean
}

/** The answer to an {@link OpsRequest}. */
export interface OpsResponse {
  readonly status: number
  /** @defaultValue plain text in UTF-8 */
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** Answers one request. */
export type OpsHandler = (request: OpsRequest) => OpsResponse | Promise<OpsResponse>

/** The main thread as a page in the worker sees it. */
export interface MainThread {
  /**
   * Asks the page's `respond` on the main thread.
   *
   * @throws OpsError `OPS_OPSPORT_MAIN_TIMEOUT` when it does not answer in time, `OPS_OPSPORT_MAIN_FAILED` when it throws.
   */
  call(message: unknown, timeoutMs: number): Promise<unknown>
}

/** What the module of a worker page exports as `createPage`. */
export type CreatePage<Data = unknown> = (data: Data, main: MainThread) => OpsHandler | Promise<OpsHandler>

/** A page of the ops port: answered on the main thread (`handle`) or in the worker (`worker`). */
export interface OpsPage {
  /** Exact paths, each starting with a slash; no two pages share one. */
  readonly paths: readonly string[]
  /** `restricted` answers callers on this machine or with the bearer token; `open` whoever reaches the port. */
  readonly access: 'open' | 'restricted'
  /** Answers on the main thread; the caller gets 503 when it does not answer within `mainTimeoutMs`. */
  readonly handle?: OpsHandler
  /** Answers in the worker; `data` is cloned into it (SharedArrayBuffers are shared, MessagePorts move over). */
  readonly worker?: { readonly module: URL; readonly data: unknown }
  /** The main-thread side of a worker page's `call`. */
  readonly respond?: (message: unknown) => unknown | Promise<unknown>
}
