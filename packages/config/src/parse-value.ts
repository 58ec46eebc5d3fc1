/** One raw value through its schema: the value, or what is wrong in words that hold no value. */

import type { Entry } from './entry.ts'
import { type Grammar, type SchemaShape, schemaShape } from './grammar.ts'
import { describeValue } from './problem.ts'
import type { SecretSetting, Setting } from './setting.ts'

/** A declared setting of either kind. */
export type AnySetting = Setting | SecretSetting
/** A parsed value, or the problem's text. */
export type Parsed = { readonly value: unknown; readonly problem?: undefined } | { readonly problem: string }

interface Issue {
  readonly code?: string
  readonly message: string
  readonly path?: readonly PropertyKey[]
  readonly expected?: string
  readonly origin?: string
  readonly minimum?: number | bigint
  readonly maximum?: number | bigint
  readonly format?: string
  readonly values?: readonly unknown[]
}
type Outcome = {
  readonly success: boolean
  readonly data?: unknown
  readonly error?: { readonly issues: readonly Issue[] }
}

const SERVICE_LINK = /^(?:tcp|udp|sctp):\/\/[\d.:a-f[\]]+:\d+$/
const CREDENTIALS = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*:[^/?#]*@/i
const shapes = new WeakMap<object, SchemaShape>()

/** The shape of a setting's schema, read once. */
export function shapeOf(definition: AnySetting): SchemaShape {
  const known = shapes.get(definition)
  if (known !== undefined) return known
  const shape = schemaShape(definition.schema)
  shapes.set(definition, shape)
  return shape
}

/** What a setting expects, for people. */
export function ruleOf(definition: AnySetting): string {
  const { grammar, inner } = shapeOf(definition)
  return grammar?.rule ?? zodRule(inner as ZodKind)
}

/** What zod tells of its own kinds that matter here. */
interface ZodKind {
  readonly _zod: { readonly def: { readonly type: string; readonly entries?: Readonly<Record<string, unknown>> } }
  readonly minLength?: number | null
  readonly maxLength?: number | null
}

function zodRule({ _zod: { def }, minLength, maxLength }: ZodKind): string {
  if (def.type === 'enum') return `one of ${Object.values(def.entries ?? {}).join(', ')}`
  if (def.type !== 'string') return 'a value that fits its schema'
  const bounds = [
    ...(typeof minLength === 'number' ? [`at least ${minLength}`] : []),
    ...(typeof maxLength === 'number' ? [`at most ${maxLength}`] : []),
  ]
  return bounds.length === 0 ? 'text' : `text of ${bounds.join(' and ')} characters`
}

/** Parses the value of an entry. */
export async function parseEntry(
  definition: AnySetting,
  entry: Pick<Entry, 'value' | 'form' | 'layer'>,
): Promise<Parsed> {
  const { grammar } = shapeOf(definition)
  if (grammar !== undefined && !fitsGrammar(grammar, entry)) {
    return { problem: `${describeValue(entry.value)}${linkHint(entry)}, expected ${grammar.rule}` }
  }
  const outcome = await run(definition, entry.value)
  if (outcome === undefined)
    return { problem: `${describeValue(entry.value)}, expected a value its schema takes without throwing` }
  if (!outcome.success) return { problem: issuesText(definition, entry, outcome.error?.issues ?? []) }
  if (!definition.sensitive && typeof entry.value === 'string' && CREDENTIALS.test(entry.value)) {
    return { problem: 'a URL that carries credentials, expected secret(…) for such a setting' }
  }
  return { value: outcome.data }
}

/** The value of a setting that no layer sets: its default, or undefined for an optional one. */
export async function parseAbsent(definition: AnySetting): Promise<Parsed> {
  if (shapeOf(definition).required) {
    const outcome = shapeOf(definition).grammar === undefined ? await run(definition, undefined) : undefined
    return outcome?.success === true
      ? { value: outcome.data }
      : { problem: `is missing, expected ${ruleOf(definition)}` }
  }
  const outcome = await run(definition, undefined)
  return outcome?.success === true
    ? { value: outcome.data }
    : { problem: `has a default that does not fit, expected ${ruleOf(definition)}` }
}

function fitsGrammar(grammar: Grammar<unknown>, { value, form }: Pick<Entry, 'value' | 'form'>): boolean {
  if (form === 'text' || typeof value === 'string') {
    // In a typed file text stands only for what is text there: "4" in quotes is no number.
    if (form === 'typed' && !grammar.fileKinds.includes('string')) return false
    return typeof value === 'string' && grammar.parse(value) !== undefined
  }
  const kind = Array.isArray(value) ? 'array' : typeof value
  return (grammar.fileKinds as readonly string[]).includes(kind) && grammar.accept(value) !== undefined
}

/** Runs a schema; undefined when it throws, whatever it throws. */
async function run(definition: AnySetting, value: unknown): Promise<Outcome | undefined> {
  try {
    return definition.schema.safeParse(value)
  } catch (error) {
    if ((error as { constructor?: { name?: string } } | null)?.constructor?.name !== '$ZodAsyncError') return undefined
  }
  try {
    return await definition.schema.safeParseAsync(value)
  } catch {
    return undefined
  }
}

function linkHint({ value, layer }: Pick<Entry, 'value' | 'layer'>): string {
  const isLink = layer === 'environment' && typeof value === 'string' && SERVICE_LINK.test(value)
  return isLink ? ' that is a Kubernetes service link (rename the setting or set enableServiceLinks: false)' : ''
}

function issuesText(definition: AnySetting, entry: Pick<Entry, 'value' | 'layer'>, issues: readonly Issue[]): string {
  const rules = issues.slice(0, 5).map((issue) => {
    const path =
      definition.sensitive || issue.path === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
    return `expected ${issueRule(definition, entry.value, issue)}${path}`
  })
  return [describeValue(entry.value) + linkHint(entry), ...new Set(rules)].join(', ')
}

/** The rule of an issue, from its parts; free text only where it cannot quote the value. */
function issueRule(definition: AnySetting, value: unknown, issue: Issue): string {
  const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' items' : ''
  switch (issue.code) {
    case 'invalid_type':
      return `${issue.expected}${issue.expected === 'number' && typeof value === 'string' ? ' (int() or number() read text)' : ''}`
    case 'too_small':
      return `at least ${issue.minimum}${unit}`
    case 'too_big':
      return `at most ${issue.maximum}${unit}`
    case 'invalid_format':
      return `the format ${issue.format}`
    case 'invalid_value':
      return `one of ${(issue.values ?? []).join(', ')}`
    default:
      return definition.sensitive || quotes(issue.message, value)
        ? 'what its schema allows'
        : issue.message.replace(/^expected /, '')
  }
}

function quotes(message: string, value: unknown): boolean {
  return value !== '' && (typeof value === 'string' ? message.includes(value.trim()) : typeof value === 'object')
}
