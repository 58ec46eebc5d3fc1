import { OpsError } from '@ops/core'

/** Thrown where the ops port cannot listen: `OPS_OPSPORT_PORT_IN_USE`, `OPS_OPSPORT_LISTEN_FAILED`, `OPS_OPSPORT_PAGE_FAILED`. */
export class OpsPortStartError extends OpsError {
  override readonly name = 'OpsPortStartError'
}

/** The main thread did not answer: `OPS_OPSPORT_MAIN_TIMEOUT`, `OPS_OPSPORT_MAIN_FAILED`, `OPS_OPSPORT_MAIN_BUSY`. */
export class MainThreadError extends OpsError {
  override readonly name = 'MainThreadError'
}

/** The error for a failed `listen`, with what to do about it. */
export function listenError(address: string, cause: { readonly code?: string; readonly message: string }): OpsError {
  if (cause.code === 'EADDRINUSE') {
    return new OpsPortStartError(
      `Cannot listen on ops port ${address}: already in use, expected a free port (another instance, or set another ops port)`,
      { code: 'OPS_OPSPORT_PORT_IN_USE', details: { address } },
    )
  }
  return new OpsPortStartError(
    `Cannot listen on ops port ${address}: ${cause.message}, expected an address of this machine`,
    { code: 'OPS_OPSPORT_LISTEN_FAILED', details: { address, reason: cause.code ?? cause.message } },
  )
}

/** The error for a worker page that could not be made. */
export function pageError(paths: readonly string[], cause: unknown): OpsError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new OpsPortStartError(
    `Cannot add page ${paths.join(', ')}: ${reason}, expected a module that exports createPage`,
    { code: 'OPS_OPSPORT_PAGE_FAILED', cause, details: { paths } },
  )
}
