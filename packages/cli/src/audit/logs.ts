/** L1, L3 and L4, on lines that a service wrote: complete, tied to a trace, and without what must never stand in one. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { LOG_LEVELS, type Scrubber } from '@ops/core'
import { createScrubber } from '@ops/logger'
import { ArtefactFileError } from '../errors.ts'
import { type AuditCheck, type AuditScope, count, type Look, type Trouble } from './check.ts'

/** Lines that are read of each file; what is wrong shows in fewer. */
const MOST_LINES = 100_000
const TEXT_FIELDS = ['version', 'env', 'request_id', 'tenant', 'user_id', 'site', 'stream']
const KNOWN = new Set([
  'timestamp',
  'level',
  'service',
  'message',
  'trace_id',
  'span_id',
  'context',
  'error',
  ...TEXT_FIELDS,
])
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

type Problems = Map<string, { readonly place: string; times: number }>

interface Seen {
  readonly L1: Problems
  readonly L3: Problems
  readonly L4: Problems
  lines: number
  traced: number
}

/** The checks on log lines. */
export const logChecks: readonly AuditCheck[] = [
  {
    requirement: 'L1',
    phase: 1,
    question: 'Log lines are JSON with every field of the standard',
    expected:
      'timestamp (ISO-8601, ms), level, service, message; own fields under context; error as { type, message, stack }',
    mend: 'Log by @ops/logger (service.ops.logger), and pass fields as its first argument; console.log writes past it',
    look: async (scope) => lookFor('L1', scope),
  },
  {
    requirement: 'L3',
    phase: 1,
    question: 'Lines of requests carry their trace',
    expected: 'trace_id (32 hex digits) and span_id (16) wherever there is a request_id',
    mend: 'Register the adapter of @ops/express, fastify or nestjs, and log inside the request: its context carries the trace',
    look: async (scope) => lookFor('L3', scope),
  },
  {
    requirement: 'L4',
    phase: 1,
    question: 'No line shows a secret or personal data',
    expected: 'passwords, tokens, keys and numbers left out; e-mail, phone and names masked',
    mend: 'Log by @ops/logger, which masks; name what it cannot know in its redaction options',
    look: async (scope) => lookFor('L4', scope),
  },
]

const read = new WeakMap<AuditScope, Promise<Seen>>()

async function lookFor(requirement: 'L1' | 'L3' | 'L4', scope: AuditScope): Promise<Look> {
  if (scope.logs.length === 0) return { unchecked: 'give --logs <file of log lines>' }
  const known = read.get(scope) ?? readAll(scope)
  read.set(scope, known)
  const seen = await known
  if (seen.lines === 0) return { unchecked: `${scope.logs.join(', ')}: no lines` }
  const troubles: Trouble[] = [...seen[requirement]].map(([problem, { place, times }]) => ({
    place,
    found: times === 1 ? problem : `${problem} (${times} lines)`,
  }))
  if (requirement === 'L3' && seen.traced === 0) troubles.push({ found: 'no line has a trace_id' })
  return { evidence: count(seen.lines, 'line'), troubles }
}

async function readAll({ logs, subject }: AuditScope): Promise<Seen> {
  const seen: Seen = { L1: new Map(), L3: new Map(), L4: new Map(), lines: 0, traced: 0 }
  const scrubber = createScrubber()
  for (const file of logs) {
    try {
      const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
      let number = 0
      for await (const line of lines) {
        if (++number > MOST_LINES) break
        if (line !== '')
          judgeLine(line, { seen, scrubber, place: `${file}:${number}`, service: subject.definition.name })
      }
    } catch (error) {
      throw new ArtefactFileError('read', file, error)
    }
  }
  return seen
}

interface Judged {
  readonly seen: Seen
  readonly scrubber: Scrubber
  readonly place: string
  readonly service: string
}

function judgeLine(line: string, { seen, scrubber, place, service }: Judged): void {
  seen.lines++
  const record = tryParse(line)
  if (record === undefined) {
    note(seen.L1, 'a line that is no JSON object', place)
    if (scrubber.text(line) !== line) note(seen.L4, 'text that is to be masked in a line that is no JSON', place)
    return
  }
  if (typeof record['trace_id'] === 'string') seen.traced++
  for (const problem of shapeProblems(record, service)) note(seen.L1, problem, place)
  for (const problem of traceProblems(record)) note(seen.L3, problem, place)
  // Names are allowed in the audit stream.
  if (record['stream'] === 'audit') return
  for (const path of maskable(record, scrubber)) note(seen.L4, `text that is to be masked at ${path}`, place)
}

function note(problems: Problems, problem: string, place: string): void {
  const known = problems.get(problem)
  if (known === undefined) problems.set(problem, { place, times: 1 })
  else known.times++
}

type Fields = Readonly<Record<string, unknown>>

function tryParse(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}

function shapeProblems(record: Fields, service: string): readonly string[] {
  const { timestamp, level, message, error, context } = record
  const problems = [
    typeof timestamp === 'string' && ISO.test(timestamp) ? '' : 'timestamp is missing or no ISO-8601 with milliseconds',
    LOG_LEVELS.includes(level as never) ? '' : 'level is missing or none of the standard',
    record['service'] === service ? '' : `service is not ${service}`,
    typeof message === 'string' ? '' : 'message is missing or no text',
    context === undefined || isObject(context) ? '' : 'context is no object',
    error === undefined || isError(error) ? '' : 'error is not { type, message, stack }',
    ...TEXT_FIELDS.map((name) => (['string', 'undefined'].includes(typeof record[name]) ? '' : `${name} is no text`)),
    ...Object.keys(record).map((name) => (KNOWN.has(name) ? '' : `${name} stands outside of context`)),
  ]
  return problems.filter((problem) => problem !== '')
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function isError(value: unknown): boolean {
  return isObject(value) && ['type', 'message'].every((name) => typeof value[name] === 'string')
}

function traceProblems({ trace_id: trace, span_id: span, request_id: request }: Fields): readonly string[] {
  if (request !== undefined && trace === undefined) return ['request_id without a trace_id']
  const isTrace = trace === undefined || /^[0-9a-f]{32}$/.test(String(trace))
  const isSpan = span === undefined || /^[0-9a-f]{16}$/.test(String(span))
  return [...(isTrace ? [] : ['trace_id is not 32 hex digits']), ...(isSpan ? [] : ['span_id is not 16 hex digits'])]
}

/** Paths of what the policy of @ops/logger would have changed: identifiers and the frame of the line excepted. */
function maskable({ message, context, error }: Fields, scrubber: Scrubber): readonly string[] {
  return Object.entries({ message, context, error }).flatMap(([name, value]) =>
    value === undefined ? [] : differences(value, scrubber.value(value), name),
  )
}

function differences(before: unknown, after: unknown, path: string): readonly string[] {
  if (isObject(before) && isObject(after))
    return Object.keys(before).flatMap((key) => differences(before[key], after[key], `${path}.${key}`))
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path]
}
