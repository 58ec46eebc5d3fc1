import { readFile } from 'node:fs/promises'
import type { FlagInvalidError } from './errors.ts'
import { createMemoryProvider, type MemoryProvider, type ProviderPorts } from './memory-provider.ts'
import { type FlagState, parseFlagState } from './state.ts'

/** Which file. */
export interface FileFlagsOptions extends ProviderPorts {
  /** A JSON object of states by flag. */
  readonly path: string | URL
  /** How often it is read, in milliseconds, 10 to 3_600_000. @defaultValue 1_000 */
  readonly refreshMs?: number
}

/** The provider for flags in a file, for development. While it is missing or broken what was read last holds. @throws RangeError for a time out of range. */
export function fileFlags(options: FileFlagsOptions): MemoryProvider {
  const { path, refreshMs = 1_000 } = options
  if (!(refreshMs >= 10 && refreshMs <= 3_600_000)) {
    throw new RangeError(`Cannot read flags from a file: refreshMs is ${refreshMs}, expected 10 to 3600000`)
  }
  const source = {
    name: 'file',
    refreshMs,
    async read() {
      const states = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
      return new Map(Object.entries(states).map(([flag, state]) => [flag, tryParse(flag, state)]))
    },
    watch: () => () => {},
  }
  return createMemoryProvider(source, options)
}

function tryParse(flag: string, state: unknown): FlagState | FlagInvalidError {
  try {
    return parseFlagState(flag, state)
  } catch (error) {
    return error as FlagInvalidError
  }
}
