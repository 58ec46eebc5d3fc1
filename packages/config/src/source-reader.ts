/** Asks secret sources, bounds their time, and keeps each one's last answer so that its outage does not stop other reloads. */
import type { Entry, LayerReading } from './entry.ts'
import type { ConfigProblem } from './problem.ts'
import type { SecretSource, SecretVersions } from './source.ts'
import { type TimeLimit, withinTime } from './time-limit.ts'

/** What the sources said; `stale` tells which of them failed and are represented by their last answer. */
export interface SourceReading extends LayerReading {
  readonly stale: readonly ConfigProblem[]
}

/** Reads all sources of a configuration. */
export interface SourceReader {
  read(): Promise<SourceReading>
  /** Forgets that an answer is fresh: the named source is asked again at the next reading, all without a name. */
  expire(name?: string): void
}

type Answer = Readonly<Record<string, string | SecretVersions>>

export function createSourceReader(sources: readonly SecretSource[], limit: TimeLimit): SourceReader {
  const fresh = new Set<string>()
  const last = new Map<string, LayerReading>()
  const readOne = async (source: SecretSource): Promise<SourceReading> => {
    const known = last.get(source.name)
    if (known !== undefined && fresh.has(source.name)) return { ...known, stale: [] }
    // Marked before asking, so that a signal that arrives meanwhile is not lost.
    fresh.add(source.name)
    const reading = await ask(source, limit)
    if (reading.problems.length === 0) {
      last.set(source.name, reading)
      return { ...reading, stale: [] }
    }
    fresh.delete(source.name)
    return known === undefined ? { ...reading, stale: [] } : { ...known, stale: reading.problems }
  }
  return {
    expire(name) {
      if (name === undefined) fresh.clear()
      else fresh.delete(name)
    },
    async read() {
      const readings = await Promise.all(sources.map(readOne))
      return {
        entries: readings.flatMap((each) => each.entries),
        problems: readings.flatMap((each) => each.problems),
        stale: readings.flatMap((each) => each.stale),
      }
    },
  }
}

async function ask(source: SecretSource, limit: TimeLimit): Promise<LayerReading> {
  try {
    return toReading(source.name, await withinTime(limit, (signal) => source.load(signal)))
  } catch (error) {
    const message = `cannot be loaded (${failureName(error)}), expected its secrets`
    return { entries: [], problems: [{ reason: 'unreadable', key: source.name, origin: undefined, message }] }
  }
}

/** The error's own code where it is one; never its message, which may quote an answer. */
function failureName(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } }
  const found = [code, cause?.code].find((each) => typeof each === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(each))
  return typeof found === 'string' ? found : 'error'
}

function toReading(name: string, answer: Answer): LayerReading {
  const entries: Entry[] = []
  const problems: ConfigProblem[] = []
  for (const key of Object.keys(answer ?? {})) {
    const given: unknown = answer[key]
    const versions = typeof given === 'string' ? { current: given } : given
    if (isVersions(versions)) {
      entries.push({
        key,
        layer: 'source',
        origin: name,
        value: versions.current,
        form: 'text',
        previous: versions.previous,
      })
    } else {
      problems.push({
        reason: 'invalid',
        key,
        origin: name,
        message: 'is no text, expected text or { current, previous }',
      })
    }
  }
  return { entries, problems }
}

function isVersions(value: unknown): value is SecretVersions {
  if (typeof value !== 'object' || value === null) return false
  const { current, previous } = value as { current?: unknown; previous?: unknown }
  return typeof current === 'string' && (previous === undefined || typeof previous === 'string')
}
