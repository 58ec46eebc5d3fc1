/** Whether an environment will do: one to be started by reading it as the start would, one that runs by asking it. */
import { type ConfigInvalidError, type ConfigProblem, type ConfigShape, loadConfig, secret } from '@ops/config'
import { isOpsError } from '@ops/core'
import type { Environment } from './environment.ts'
import type { RunningConfig } from './running.ts'

/** What a check found. */
export interface CheckReport {
  readonly name: string
  /** How many are declared. */
  readonly settings: number
  /** Over all values but secrets: equal on replicas that agree. Undefined where something does not fit. */
  readonly hash: string | undefined
  readonly problems: readonly ConfigProblem[]
}

/** Checks an environment. */
export async function checkEnvironment(
  settings: ConfigShape,
  environment: Environment,
  { withoutSecrets }: { readonly withoutSecrets: boolean },
): Promise<CheckReport> {
  const { name } = environment
  const count = Object.keys(settings).length
  if ('running' in environment) {
    const { running } = environment
    return { name, settings: count, hash: running.hash, problems: runningProblems(running, settings) }
  }
  try {
    const config = await loadConfig(withoutSecrets ? optionalSecrets(settings) : settings, environment.sources)
    const { hash } = config.status()
    await config.close()
    return { name, settings: count, hash, problems: [] }
  } catch (error) {
    if (!isOpsError(error, 'OPS_CONFIG_INVALID')) throw error
    return { name, settings: count, hash: undefined, problems: (error as ConfigInvalidError).problems }
  }
}

/** A secret that is there must fit all the same. */
function optionalSecrets(settings: ConfigShape): ConfigShape {
  return Object.fromEntries(
    Object.entries(settings).map(([key, one]) => [
      key,
      one.sensitive ? secret(one.schema.optional(), one.description) : one,
    ]),
  )
}

function runningProblems(
  { lastReload, pendingRestart, settings: shown }: RunningConfig,
  settings: ConfigShape,
): ConfigProblem[] {
  const known = new Set(shown.map(({ key }) => key))
  const problem = (reason: ConfigProblem['reason'], key: string, message: string): ConfigProblem => ({
    reason,
    key,
    origin: undefined,
    message,
  })
  return [
    ...lastReload.problems,
    ...(lastReload.result === 'vetoed'
      ? [problem('conflict', 'reload', `was vetoed at ${lastReload.at}, expected every listener to take the change`)]
      : []),
    ...pendingRestart.map((key) => problem('conflict', key, 'has a new value that waits, expected a restart')),
    ...Object.keys(settings)
      .filter((key) => !known.has(key))
      .map((key) => problem('missing', key, 'is declared here and unknown to the service, expected the same version')),
  ]
}
