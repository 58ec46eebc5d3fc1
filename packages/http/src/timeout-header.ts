/** The header by which a caller says how long it will wait: its name, and the grammar that goes with it. */

/** Header by which a trusted caller says how long it will wait, in milliseconds. */
export const TIMEOUT_HEADER = 'x-request-timeout-ms'
/** gRPC's header for the same. */
const GRPC_TIMEOUT = 'grpc-timeout'

/** Reads and writes one such header. */
export interface TimeoutHeader {
  /** Lower case. */
  readonly name: string
  /** Milliseconds from 0, which says that the time has passed; undefined for anything outside the grammar. */
  tryParse(value: unknown): number | undefined
  format(timeoutMs: number): string
}

const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const WHOLE_MS = /^[0-9]{1,10}$/
const GRPC = /^([0-9]{1,8})([HMSmun])$/
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }

const milliseconds = (name: string): TimeoutHeader => ({
  name,
  tryParse: (value) => (typeof value === 'string' && WHOLE_MS.test(value) ? Number(value) : undefined),
  format: (timeoutMs) => String(Math.max(1, Math.floor(timeoutMs))),
})

/** @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (Timeout) */
const grpc: TimeoutHeader = {
  name: GRPC_TIMEOUT,
  tryParse(value) {
    const [, amount, unit] = (typeof value === 'string' && GRPC.exec(value)) || []
    return amount === undefined ? undefined : Number(amount) * (UNIT_MS[unit as string] as number)
  },
  format(timeoutMs) {
    const whole = Math.max(1, Math.floor(timeoutMs))
    return whole < 100_000_000 ? `${whole}m` : `${Math.floor(whole / 1_000)}S`
  },
}

/** The header of that name: `grpc-timeout` by gRPC's grammar, any other in milliseconds. @throws TypeError for a name that no header has. */
export function timeoutHeader(name: string = TIMEOUT_HEADER): TimeoutHeader {
  const lower = name.toLowerCase()
  if (!NAME.test(lower)) {
    throw new TypeError(`Cannot use ${JSON.stringify(name)} as timeoutHeader: expected the name of a header`)
  }
  return lower === GRPC_TIMEOUT ? grpc : milliseconds(lower)
}
