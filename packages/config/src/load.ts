import { createSecretRegistry } from '@ops/core'
import type { Config } from './config.ts'
import { ConfigEngine } from './engine.ts'
import { assertFileFormat } from './file-layer.ts'
import { assertMs, type LoadConfigOptions, watchSettings } from './options.ts'
import type { ConfigShape } from './setting.ts'

/**
 * Reads all layers, checks every value and returns the configuration. Prints nothing.
 *
 * @throws ConfigInvalidError (`OPS_CONFIG_INVALID`) with every problem of every layer at once, none of them showing a value.
 * @throws TypeError or RangeError for options outside their range.
 * @example
 * const config = await loadConfig(settings, { files: ['config/app.yaml'], watch: true })
 */
export async function loadConfig<S extends ConfigShape>(
  settings: S,
  options: LoadConfigOptions = {},
): Promise<Config<S>> {
  for (const file of options.files ?? []) assertFileFormat(typeof file === 'string' ? file : file.path)
  assertMs('listenerTimeoutMs', options.listenerTimeoutMs ?? 1, 1, 600_000)
  assertMs('sourceTimeoutMs', options.sourceTimeoutMs ?? 1, 1, 600_000)
  watchSettings(options.watch)
  assertUnique((options.sources ?? []).map((source) => source.name))
  const engine = new ConfigEngine(settings, options, options.secrets ?? createSecretRegistry())
  await engine.start()
  return engine
}

function assertUnique(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new TypeError(
      `Cannot load configuration: two sources are named ${JSON.stringify(twice)}, expected distinct names`,
    )
}
