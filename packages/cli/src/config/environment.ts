/** What an operator may mean by an environment: this process, files as they are deployed, or a service that runs. */
import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import type { LoadConfigOptions } from '@ops/config'
import { EnvironmentUnreadableError } from '../errors.ts'
import { fetchRunning, type RunningConfig } from './running.ts'

/** Options of every command that reads settings. */
export const SOURCE_OPTIONS = {
  file: {
    type: 'string',
    value: 'path',
    multiple: true,
    help: 'YAML, JSON or TOML file underneath, as the service reads it',
  },
  mount: {
    type: 'string',
    value: 'folder',
    multiple: true,
    help: 'folder with one file a setting (ConfigMap, Secret)',
  },
  ignore: { type: 'string', value: 'NAME', multiple: true, help: 'undeclared name that is right as it is' },
} as const

/** What help says of environments. */
export const ENVIRONMENT_HELP = `An environment is a .env file, a YAML, JSON or TOML file, a folder with one file a setting, the address of a
running service's ops port (http://127.0.0.1:9090; the token for other machines is taken from OPS_TOKEN), or env:
the variables of this process and .env, as the service would read them if it started here.`

/** Where settings come from. */
export type Environment =
  | { readonly name: string; readonly sources: LoadConfigOptions }
  | { readonly name: string; readonly running: RunningConfig }

/** What lies under an environment, from the command line. */
export interface Underneath {
  readonly file: readonly string[]
  readonly mount: readonly string[]
  readonly ignore: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Finds out what `given` is. @throws EnvironmentUnreadableError (`OPS_CLI_ENVIRONMENT`) for what is not there or does not answer. */
export async function openEnvironment(
  given: string | undefined,
  { file: files, mount: mounts, ignore, env }: Underneath,
): Promise<Environment> {
  const name = given ?? 'env'
  if (name === 'env') return { name, sources: { env, files, mounts, ignore, dotenv: true } }
  if (/^https?:\/\//.test(name)) return { name, running: await fetchRunning(name, env['OPS_TOKEN']) }
  const found = await stat(name).catch(() => undefined)
  if (found === undefined) throw new EnvironmentUnreadableError(name, 'there is no such file or folder')
  const base = { env: {}, files, mounts, ignore }
  if (found.isDirectory()) return { name, sources: { ...base, mounts: [...mounts, name] } }
  if (['.yaml', '.yml', '.json', '.toml'].includes(extname(name)))
    return { name, sources: { ...base, files: [...files, name] } }
  return { name, sources: { ...base, dotenv: name } }
}
