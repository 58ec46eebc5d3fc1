/** What may leave the process: a new event of known parts, each text through the scrubber. Unknown parts stay behind. */
import type { Scrubber } from '@ops/core'

/** An event or a part of one, as JSON. */
export type Json = Record<string, unknown>

/** Set by the SDK or by us from closed sets: safe as they are. */
const PLAIN_PARTS = [
  'event_id',
  'timestamp',
  'level',
  'platform',
  'environment',
  'release',
  'server_name',
  'sdk',
  'type',
]
const FRAME_PARTS = ['filename', 'abs_path', 'function', 'module', 'lineno', 'colno', 'in_app', 'platform']
const MECHANISM_PARTS = ['type', 'handled', 'synthetic', 'exception_id', 'parent_id', 'is_exception_group', 'source']
const TRACE_PARTS = ['trace_id', 'span_id', 'parent_span_id']
const HEX = /^[0-9a-f]{16,32}$/
const OMITTED = '[omitted: no scrubber]'

/** Without a scrubber nobody can say what a text holds. */
const closedScrubber: Scrubber = { text: () => OMITTED, value: () => undefined }

function pick(from: unknown, names: readonly string[]): Json {
  if (typeof from !== 'object' || from === null) return {}
  const source = from as Json
  return Object.fromEntries(names.filter((name) => source[name] !== undefined).map((name) => [name, source[name]]))
}

function scrubTexts(from: unknown, scrubber: Scrubber): Json {
  if (typeof from !== 'object' || from === null) return {}
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, scrubber.text(String(value))]))
}

function scrubException(value: unknown, scrubber: Scrubber): Json {
  const { type, value: message, stacktrace, mechanism } = value as Json
  const frames = (stacktrace as { frames?: unknown[] } | undefined)?.frames ?? []
  return {
    type: String(type ?? 'Error').slice(0, 200),
    value: typeof message === 'string' ? scrubber.text(message) : undefined,
    mechanism: pick(mechanism, MECHANISM_PARTS),
    stacktrace: { frames: frames.map((frame) => pick(frame, FRAME_PARTS)) },
  }
}

function scrubTrace(contexts: unknown): Json {
  const trace = pick((contexts as Json | undefined)?.['trace'], TRACE_PARTS)
  return Object.fromEntries(Object.entries(trace).filter(([, id]) => typeof id === 'string' && HEX.test(id)))
}

/**
 * A scrubbed copy of an event.
 *
 * @param ours tags that were made here from checked identifiers, and are kept without a scrubber too.
 */
export function scrubEvent(event: Json, ours: readonly string[], scrubber?: Scrubber): Json {
  const used = scrubber ?? closedScrubber
  const tags = event['tags'] as Json | undefined
  const values = (event['exception'] as { values?: unknown[] } | undefined)?.values ?? []
  const user = pick(event['user'], ['id'])
  return {
    ...pick(event, PLAIN_PARTS),
    contexts: {
      trace: scrubTrace(event['contexts']),
      runtime: pick((event['contexts'] as Json)?.['runtime'], ['name', 'version']),
    },
    exception: { values: values.map((value) => scrubException(value, used)) },
    tags: scrubber === undefined ? pick(tags, ours) : scrubTexts(tags, scrubber),
    ...(user['id'] === undefined ? {} : { user }),
    ...(typeof event['message'] === 'string' ? { message: used.text(event['message']) } : {}),
    ...(event['extra'] === undefined ? {} : { extra: used.value(event['extra']) }),
  }
}
