import { OpsError } from '@ops/core'

/** The parts were asked for before `run` made them. Code `OPS_SERVICE_NOT_RUNNING`. */
export class ServiceNotRunningError extends OpsError {
  override readonly name = 'ServiceNotRunningError'

  constructor(service: string) {
    super(`Cannot read ops of service ${service}: not running, expected to be inside run()`, {
      code: 'OPS_SERVICE_NOT_RUNNING',
    })
  }
}
