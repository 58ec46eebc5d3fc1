/** Every error of the package. */
import { OpsError } from '@ops/core'

/** The command was called in a way it does not know. Code `OPS_CLI_USAGE`; exit code 2. */
export class UsageError extends OpsError {
  override readonly name = 'UsageError'

  constructor(message: string) {
    super(message, { code: 'OPS_CLI_USAGE', expected: true })
  }
}

/** The module of the service cannot be used. Code `OPS_CLI_SERVICE_UNREADABLE`; exit code 2. */
export class ServiceUnreadableError extends OpsError {
  override readonly name = 'ServiceUnreadableError'

  constructor(file: string, state: string, cause?: unknown) {
    super(`Cannot read service ${file}: ${state}, expected a module whose default export is defineService({ … })`, {
      code: 'OPS_CLI_SERVICE_UNREADABLE',
      details: { file },
      cause,
    })
  }
}

/** A generated file cannot be read or written. Code `OPS_CLI_FILE`; exit code 2. */
export class ArtefactFileError extends OpsError {
  override readonly name = 'ArtefactFileError'

  constructor(verb: 'read' | 'write', file: string, cause: unknown) {
    const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? String(cause)
    super(`Cannot ${verb} ${file}: ${reason}, expected a ${verb === 'read' ? 'readable' : 'writable'} file`, {
      code: 'OPS_CLI_FILE',
      details: { file },
      cause,
    })
  }
}

/** A page's hand-written parts cannot be told from the generated ones. Code `OPS_CLI_RUNBOOK_MARKERS`; exit code 1. */
export class RunbookMarkersError extends OpsError {
  override readonly name = 'RunbookMarkersError'

  constructor(page: string, state: string) {
    super(`Cannot keep the hand-written parts of ${page}: ${state}, expected the markers as they were generated`, {
      code: 'OPS_CLI_RUNBOOK_MARKERS',
      details: { page },
    })
  }
}

/** An environment that was named cannot be read. Code `OPS_CLI_ENVIRONMENT`; exit code 2. */
export class EnvironmentUnreadableError extends OpsError {
  override readonly name = 'EnvironmentUnreadableError'

  constructor(environment: string, state: string, cause?: unknown) {
    super(
      `Cannot read environment ${environment}: ${state}, expected a .env file, a YAML, JSON or TOML file, a folder, the address of an ops port, or env`,
      { code: 'OPS_CLI_ENVIRONMENT', details: { environment }, cause },
    )
  }
}

/** A package that a command works with is not installed. Code `OPS_CLI_PACKAGE_MISSING`; exit code 2. */
export class PackageMissingError extends OpsError {
  override readonly name = 'PackageMissingError'

  constructor(action: string, packageName: string, cause: unknown, peers = 'bullmq ioredis zod') {
    super(
      `Cannot ${action}: ${packageName} cannot be loaded, expected it and its peers beside @ops/cli (npm install --save-dev ${packageName} ${peers})`,
      { code: 'OPS_CLI_PACKAGE_MISSING', details: { packageName }, cause },
    )
  }
}
