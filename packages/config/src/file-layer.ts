/** The layer of YAML, JSON and TOML files: maps from environment names to typed values. */
import { extname } from 'node:path'
import { type Entry, isForbiddenName, type LayerReading } from './entry.ts'
import type { FileContent } from './file-content.ts'
import { type ConfigProblem, shownName } from './problem.ts'
import { readWholeFile } from './read-file.ts'
import type { VolumeView } from './volume.ts'

/** A configuration file. */
export interface ConfigFile {
  /** Path, relative to the working directory; the ending says the format: `.yaml`, `.yml`, `.json`, `.toml`. */
  readonly path: string
  /** Lets the file be absent at start. One that was there and vanishes is a failed reload all the same. @defaultValue false */
  readonly optional?: boolean
}

const MAX_DEPTH = 32

/** The formats by their ending; each parser is loaded when first needed. */
const PARSERS: Readonly<Record<string, () => Promise<(text: string) => FileContent>>> = {
  '.yaml': async () => (await import('./yaml-file.ts')).parseYamlFile,
  '.yml': async () => (await import('./yaml-file.ts')).parseYamlFile,
  '.json': async () => (await import('./yaml-file.ts')).parseJsonFile,
  '.toml': async () => (await import('./toml-file.ts')).parseTomlFile,
}

/** @throws TypeError for an ending that is no known format. */
export function assertFileFormat(path: string): void {
  if (PARSERS[extname(path)] === undefined) {
    throw new TypeError(
      `Cannot use file ${JSON.stringify(path)}: ending ${JSON.stringify(extname(path))}, expected .yaml, .yml, .json or .toml`,
    )
  }
}

/** Reads one file. `present` is false only for an optional file that is not there. */
export async function readFileLayer(
  file: ConfigFile,
  volumes: VolumeView,
): Promise<LayerReading & { readonly present: boolean }> {
  const read = await readWholeFile(await volumes.locate(file.path))
  if (read.text === undefined) {
    if (read.missing && file.optional === true) return { entries: [], problems: [], present: false }
    return { entries: [], problems: [unusable(file, 'unreadable', '', read.problem)], present: true }
  }
  if (read.text.trim() === '')
    return {
      entries: [],
      problems: [unusable(file, 'empty', '', 'is empty, expected a map of settings')],
      present: true,
    }
  const parse = await (PARSERS[extname(file.path)] as () => Promise<(text: string) => FileContent>)()
  return { ...toReading(file, parse(read.text)), present: true }
}

function toReading(file: ConfigFile, content: FileContent): LayerReading {
  const entries: Entry[] = []
  const problems = content.failures.map(({ place, message }) => unusable(file, 'syntax', place, message))
  for (const { key, value, place, problem } of content.entries) {
    const origin = file.path + place
    const message = problem ?? depthProblem(value)
    if (message === undefined) entries.push({ key, layer: 'file', origin, value, form: 'typed' })
    else problems.push({ reason: 'invalid', key: shownName(key), origin, message })
  }
  return { entries, problems }
}

function unusable(file: ConfigFile, reason: ConfigProblem['reason'], place: string, message: string): ConfigProblem {
  return { reason, key: file.path + place, origin: undefined, message }
}

/** Nested maps may not be deep, and may not name prototypes. */
function depthProblem(value: unknown, depth = 0): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH}, expected less`
  for (const name of Object.keys(value)) {
    if (isForbiddenName(name)) return 'holds a forbidden name, expected none of __proto__, constructor, prototype'
    const problem = depthProblem((value as Record<string, unknown>)[name], depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}
