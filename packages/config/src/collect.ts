/** Reads all layers into one collection: what each says about each key, lowest precedence first, and everything that is wrong. */
import { type Clock, type SecretRegistry, systemClock } from '@ops/core'
import { parseDotenv } from './dotenv.ts'
import { type Entry, isForbiddenName, type LayerReading } from './entry.ts'
import { readTextLayer } from './environment-layer.ts'
import { type ConfigFile, readFileLayer } from './file-layer.ts'
import { readMountLayer } from './mount-layer.ts'
import { hasPrefix, tryFindMeant } from './near-miss.ts'
import type { LoadConfigOptions } from './options.ts'
import { type ConfigProblem, shownName } from './problem.ts'
import { readWholeFile } from './read-file.ts'
import { registerSecret } from './secret-forms.ts'
import type { ConfigShape } from './setting.ts'
import { createSourceReader, type SourceReader } from './source-reader.ts'
import { createVolumeView, type VolumeView } from './volume.ts'

/** What the layers below overrides say. */
export interface Collection {
  readonly entries: ReadonlyMap<string, readonly Entry[]>
  readonly problems: readonly ConfigProblem[]
  /** Sources that failed and are represented by their last answer. */
  readonly stale: readonly ConfigProblem[]
  /** Undeclared names of the environment that end in a declared one, by that one. */
  readonly prefixed: ReadonlyMap<string, string>
}

/** Reads layers again and again, remembering what was there before. */
export interface Collector {
  /** Never rejects: what fails is a problem. */
  collect(): Promise<Collection>
  /** The next {@link Collector.collect} asks this source (or all of them) again instead of using its last answer. */
  expireSources(name?: string): void
  /** Files and directories the last reading looked at. */
  watchedFiles(): readonly string[]
}

/** A volume that is swapped faster than it can be read is given up after this many readings. */
const MAX_READINGS = 20

export function createCollector(shape: ConfigShape, options: LoadConfigOptions, registry: SecretRegistry): Collector {
  return new LayerCollector(shape, options, registry)
}

class LayerCollector implements Collector {
  readonly #shape: ConfigShape
  readonly #registry: SecretRegistry
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #files: readonly ConfigFile[]
  readonly #mounts: readonly string[]
  readonly #dotenv: string | undefined
  readonly #ignored: ReadonlySet<string>
  readonly #sources: SourceReader
  /** Optional files once seen: from then on their absence is a problem. */
  readonly #seen = new Set<string>()
  #namedFiles: readonly string[] = []

  constructor(shape: ConfigShape, options: LoadConfigOptions, registry: SecretRegistry) {
    this.#shape = shape
    this.#registry = registry
    this.#env = { ...(options.env ?? process.env) }
    this.#files = (options.files ?? []).map((file) => (typeof file === 'string' ? { path: file } : file))
    this.#mounts = options.mounts ?? []
    this.#dotenv = dotenvPath(options.dotenv, this.#env)
    this.#ignored = new Set(options.ignore)
    const clock: Clock = options.clock ?? systemClock
    this.#sources = createSourceReader(options.sources ?? [], { clock, timeoutMs: options.sourceTimeoutMs ?? 10_000 })
  }

  expireSources(name?: string): void {
    this.#sources.expire(name)
  }

  watchedFiles(): readonly string[] {
    const dotenv = this.#dotenv === undefined ? [] : [this.#dotenv]
    return [...this.#files.map((file) => file.path), ...dotenv, ...this.#namedFiles]
  }

  async collect(): Promise<Collection> {
    const sources = await this.#sources.read()
    for (let reading = 1; ; reading++) {
      const volumes = createVolumeView()
      const layers = await this.#readLayers(volumes)
      if (await volumes.isUnchanged())
        return this.#merge([...layers.slice(0, 2), sources, ...layers.slice(2)], sources.stale)
      if (reading === MAX_READINGS) return this.#merge([{ entries: [], problems: [restless] }], [])
    }
  }

  /** Files, mounts, `.env`, environment: lowest first. */
  async #readLayers(volumes: VolumeView): Promise<LayerReading[]> {
    const files: LayerReading[] = []
    for (const file of this.#files) {
      const reading = await readFileLayer(this.#seen.has(file.path) ? { path: file.path } : file, volumes)
      if (reading.present) this.#seen.add(file.path)
      files.push(reading)
    }
    const mounts = await Promise.all(this.#mounts.map((mount) => readMountLayer(this.#shape, mount, volumes)))
    const dotenv = await this.#readDotenv(volumes)
    const origin = { layer: 'environment', values: this.#env, originOf: () => 'environment' } as const
    const environment = await readTextLayer(this.#shape, origin, volumes)
    this.#namedFiles = [...(dotenv?.files ?? []), ...environment.files]
    return [joined(files), joined(mounts), ...(dotenv === undefined ? [] : [dotenv]), environment]
  }

  async #readDotenv(volumes: VolumeView): Promise<(LayerReading & { files: readonly string[] }) | undefined> {
    const path = this.#dotenv
    if (path === undefined) return undefined
    const read = await readWholeFile(path)
    if (read.text === undefined) {
      if (read.missing && !this.#seen.has(path)) return undefined
      return {
        entries: [],
        problems: [{ reason: 'unreadable', key: path, origin: undefined, message: read.problem }],
        files: [],
      }
    }
    this.#seen.add(path)
    const parsed = parseDotenv(read.text)
    const values: Record<string, string> = Object.create(null)
    for (const [name, { text }] of parsed.values) values[name] = text
    const originOf = (name: string): string => {
      const at = parsed.values.get(name)
      return at === undefined ? path : `${path}:${at.line}:${at.column}`
    }
    const reading = await readTextLayer(this.#shape, { layer: 'dotenv', values, originOf }, volumes)
    const problems = parsed.problems.map(
      ({ line, key, message }): ConfigProblem => ({
        reason: 'syntax',
        // Without an equals sign the line may be anything, a secret included: only its place is named.
        key: key !== undefined && (Object.hasOwn(this.#shape, key) || isForbiddenName(key)) ? key : `${path}:${line}`,
        origin: key === undefined ? undefined : `${path}:${line}`,
        message,
      }),
    )
    const slips = this.#slips(Object.keys(values), originOf, reading.entries)
    return { ...reading, problems: [...problems, ...reading.problems, ...slips] }
  }

  #merge(layers: readonly LayerReading[], stale: readonly ConfigProblem[]): Collection {
    const entries = new Map<string, Entry[]>()
    const problems: ConfigProblem[] = []
    for (const layer of layers) {
      problems.push(...layer.problems)
      for (const entry of layer.entries) {
        const definition = Object.hasOwn(this.#shape, entry.key) ? this.#shape[entry.key] : undefined
        if (definition === undefined) {
          const problem = this.#unknown(entry)
          if (problem !== undefined) problems.push(problem)
          continue
        }
        if (definition.sensitive) {
          registerSecret(this.#registry, entry.value)
          registerSecret(this.#registry, entry.previous)
        }
        const known = entries.get(entry.key)
        if (known === undefined) entries.set(entry.key, [entry])
        else known.push(entry)
      }
    }
    const all = [...entries.values()].flat()
    const strangers = Object.keys(this.#env).filter((name) => this.#isStranger(name))
    problems.push(...this.#slips(strangers, () => 'environment', all))
    return { entries, problems, stale, prefixed: this.#prefixes(strangers, entries) }
  }

  #isStranger(name: string): boolean {
    if (Object.hasOwn(this.#shape, name) || this.#ignored.has(name)) return false
    return !(name.endsWith('_FILE') && Object.hasOwn(this.#shape, name.slice(0, -5)))
  }

  #unknown({ key, origin }: Entry): ConfigProblem | undefined {
    if (isForbiddenName(key))
      return { reason: 'forbidden', key, origin, message: 'is a forbidden name, expected another' }
    if (this.#ignored.has(key)) return undefined
    const meant = tryFindMeant(key, Object.keys(this.#shape))
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
    return {
      reason: 'unknown',
      key: shownName(key),
      origin,
      message: `is no declared setting, expected a declared name${hint}`,
    }
  }

  /** A name one slip away from a setting that nothing sets is taken for that setting misspelt. */
  #slips(names: readonly string[], originOf: (name: string) => string, set: readonly Entry[]): ConfigProblem[] {
    const open = new Set(Object.keys(this.#shape))
    for (const { key } of set) open.delete(key)
    if (open.size === 0) return []
    return names
      .filter((name) => this.#isStranger(name))
      .flatMap((name): ConfigProblem[] => {
        const meant = tryFindMeant(name, open)
        if (meant === undefined) return []
        const message = `is no declared setting but close to one, expected ${meant} (or the name listed in ignore)`
        return [{ reason: 'near-miss', key: name, origin: originOf(name), message }]
      })
  }

  #prefixes(names: readonly string[], set: ReadonlyMap<string, unknown>): Map<string, string> {
    const found = new Map<string, string>()
    for (const key of Object.keys(this.#shape)) {
      const name = set.has(key) ? undefined : names.find((each) => hasPrefix(each, key))
      if (name !== undefined) found.set(key, name)
    }
    return found
  }
}

const restless: ConfigProblem = {
  reason: 'unreadable',
  key: 'mounted volumes',
  origin: undefined,
  message: 'were swapped during every reading, expected one at rest',
}

function joined(readings: readonly LayerReading[]): LayerReading {
  return { entries: readings.flatMap((each) => each.entries), problems: readings.flatMap((each) => each.problems) }
}

function dotenvPath(
  dotenv: boolean | string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (dotenv === undefined || dotenv === false) return undefined
  const mode = env['NODE_ENV'] ?? ''
  if (mode !== '' && mode !== 'development' && mode !== 'test') return undefined
  return dotenv === true ? '.env' : dotenv
}
