import { OpsError } from '@ops/core'
import { type ConfigProblem, problemLine } from './problem.ts'

/** Thrown when a configuration cannot be used; lists every problem at once and holds no value of any setting. Code `OPS_CONFIG_INVALID`. */
export class ConfigInvalidError extends OpsError {
  override readonly name = 'ConfigInvalidError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    const lines = problems.map((problem) => `\n  ${problemLine(problem)}`).join('')
    super(`Cannot load configuration: ${count}, expected none${lines}`, {
      code: 'OPS_CONFIG_INVALID',
      details: { problems: problems.map((problem) => ({ ...problem })) },
    })
    this.problems = problems
  }
}

/** Thrown when an override is refused: unknown, secret or restart-only key, bad value, or a listener's veto. Code `OPS_CONFIG_OVERRIDE_REFUSED`. */
export class OverrideRefusedError extends OpsError {
  override readonly name = 'OverrideRefusedError'

  constructor(keys: readonly string[], state: string) {
    super(`Cannot override ${keys.join(', ')}: ${state}`, {
      code: 'OPS_CONFIG_OVERRIDE_REFUSED',
      details: { keys },
      expected: true,
    })
  }
}

/** Thrown by the methods of a configuration after `close()`. Code `OPS_CONFIG_CLOSED`. */
export class ConfigClosedError extends OpsError {
  override readonly name = 'ConfigClosedError'

  constructor(verb: string) {
    super(`Cannot ${verb} configuration: it is closed, expected an open one`, { code: 'OPS_CONFIG_CLOSED' })
  }
}

/** Thrown by a secret source whose answer cannot be had or read. Codes `OPS_CONFIG_SOURCE_UNREADABLE` and `OPS_CONFIG_SOURCE_MALFORMED`. */
export class SecretSourceError extends OpsError {
  override readonly name = 'SecretSourceError'

  constructor(source: string, code: 'OPS_CONFIG_SOURCE_UNREADABLE' | 'OPS_CONFIG_SOURCE_MALFORMED', rule: string) {
    super(
      `Cannot load secrets of ${source}: ${code === 'OPS_CONFIG_SOURCE_MALFORMED' ? 'malformed' : 'unreadable'}, expected ${rule}`,
      { code },
    )
  }
}
