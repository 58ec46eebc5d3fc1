const BRAND = Symbol.for('@ops/core/OpsError')

/** What an {@link OpsError} carries besides its message. */
export interface OpsErrorOptions {
  /** Stable identity, `OPS_<PACKAGE>_<REASON>` in upper snake case. */
  readonly code: string
  /** The failure underneath, kept for the error chain. */
  readonly cause?: unknown
  /** JSON-safe facts that help whoever handles it; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>
  /** `true` for outcomes a healthy service produces (a refusal, a conflict): error trackers skip them. @defaultValue false */
  readonly expected?: boolean
}

/**
 * Base of every operational error of @ops. Misuse is a `TypeError` or `RangeError` instead, thrown at creation.
 *
 * Identity is a brand from the global symbol registry, so {@link isOpsError} holds across two copies of a package.
 */
export class OpsError extends Error {
  override readonly name: string = 'OpsError'
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  readonly expected: boolean

  constructor(message: string, options: OpsErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code
    this.details = options.details ?? {}
    this.expected = options.expected ?? false
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** True when `error` is an {@link OpsError} of any copy of this package, with the given `code` when one is asked for. */
export function isOpsError(error: unknown, code?: string): error is OpsError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as { [BRAND]?: unknown })[BRAND] === true &&
    (code === undefined || (error as OpsError).code === code)
  )
}

/** Thrown where an operation needs a tenant and the context has none. Code `OPS_TENANT_REQUIRED`. */
export class TenantRequiredError extends OpsError {
  override readonly name = 'TenantRequiredError'

  constructor(operation: string) {
    super(`Cannot ${operation}: no tenant in the context, expected identify({ tenant }) or an explicit scope`, {
      code: 'OPS_TENANT_REQUIRED',
    })
  }
}
