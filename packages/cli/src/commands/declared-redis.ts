/** Where the Redis of a service is: as its own declaration says, in this environment. */
import { isOpsError } from '@ops/core'
import type { CliContext } from '../command/command.ts'
import { type Declared, findService, loadService } from '../load-service.ts'

/** An operator need not have the code: without it, --redis or REDIS_URL says where. */
export async function tryLoadDeclared(given: string | undefined): Promise<Declared | undefined> {
  return given === undefined && findService() === undefined ? undefined : loadService(given)
}

/** The address that the service itself would use here; undefined where nothing sets it. */
export async function redisOf({ definition }: Declared, { env }: CliContext): Promise<string | undefined> {
  const declared = Object.values(definition.dependencies ?? {}).find(({ kind }) => kind === 'redis')
  const name = declared?.setting
  const setting = name === undefined ? undefined : definition.settings[name]
  if (name === undefined || setting === undefined) return undefined
  const { isSecret, loadConfig } = await import('@ops/config')
  try {
    const config = await loadConfig({ [name]: setting }, { env, dotenv: true })
    const value: unknown = config.current[name]
    return String(isSecret(value) ? value.reveal() : value)
  } catch (error) {
    // What is not set is said by the command itself, which knows --redis too.
    if (isOpsError(error, 'OPS_CONFIG_INVALID')) return undefined
    throw error
  }
}
