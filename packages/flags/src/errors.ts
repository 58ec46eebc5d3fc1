import { OpsError } from '@ops/core'

/** Thrown where a flag's state breaks its rules: it is not stored, or not used. Code `OPS_FLAGS_INVALID`. */
export class FlagInvalidError extends OpsError {
  override readonly name = 'FlagInvalidError'

  constructor(flag: string, found: string, rule: string) {
    super(`Cannot use the state of flag ${flag}: ${found}, expected ${rule}`, {
      code: 'OPS_FLAGS_INVALID',
      details: { flag },
    })
  }
}
