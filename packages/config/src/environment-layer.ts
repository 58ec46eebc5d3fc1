/** The layers of names and text: the environment and `.env`, each with `NAME_FILE`. */
import type { Entry, LayerReading } from './entry.ts'
import { withoutFinalNewline } from './mount-layer.ts'
import type { ConfigProblem } from './problem.ts'
import { readWholeFile } from './read-file.ts'
import type { ConfigShape } from './setting.ts'
import type { VolumeView } from './volume.ts'

/** Names with their text, and where each stands. */
export interface TextVariables {
  readonly layer: 'environment' | 'dotenv'
  readonly values: Readonly<Record<string, string | undefined>>
  readonly originOf: (name: string) => string
}

/** Reads the declared keys of one set of variables. Undeclared names are looked at by the near-miss search only. */
export async function readTextLayer(
  shape: ConfigShape,
  variables: TextVariables,
  volumes: VolumeView,
): Promise<LayerReading & { readonly files: readonly string[] }> {
  const entries: Entry[] = []
  const problems: ConfigProblem[] = []
  const files: string[] = []
  for (const key of Object.keys(shape)) {
    const text = variables.values[key]
    const isSet = text !== undefined && (text !== '' || shape[key]?.allowEmpty === true)
    if (isSet) entries.push({ key, layer: variables.layer, origin: variables.originOf(key), value: text, form: 'text' })
    const file = variables.values[`${key}_FILE`]
    if (file === undefined || file === '') continue
    files.push(file)
    if (isSet) problems.push(bothSet(key, variables))
    else await readNamedFile(shape, { key, file, variables, volumes }, entries, problems)
  }
  return { entries, problems, files }
}

function bothSet(key: string, variables: TextVariables): ConfigProblem {
  const message = `both ${key} and ${key}_FILE are set, expected one of them`
  return { reason: 'conflict', key, origin: variables.originOf(key), message }
}

interface NamedFile {
  readonly key: string
  readonly file: string
  readonly variables: TextVariables
  readonly volumes: VolumeView
}

async function readNamedFile(
  shape: ConfigShape,
  { key, file, variables, volumes }: NamedFile,
  entries: Entry[],
  problems: ConfigProblem[],
): Promise<void> {
  // The path is not shown: a secret pasted into NAME_FILE by mistake must not be printed.
  const origin = `${variables.originOf(`${key}_FILE`)} ${key}_FILE`
  const read = await readWholeFile(await volumes.locate(file))
  if (read.text === undefined) {
    problems.push({ reason: 'unreadable', key, origin, message: `the file named by ${key}_FILE ${read.problem}` })
    return
  }
  const value = withoutFinalNewline(read.text)
  if (value === '' && shape[key]?.allowEmpty !== true) {
    problems.push({ reason: 'empty', key, origin, message: `the file named by ${key}_FILE is empty, expected a value` })
    return
  }
  entries.push({ key, layer: variables.layer, origin, value, form: 'text' })
}
