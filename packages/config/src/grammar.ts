/** What every value grammar says about itself, and how it becomes a zod schema. */
import * as z from 'zod'

/** Kinds of value a typed file (YAML, JSON, TOML) may hold. */
export type FileKind = 'string' | 'number' | 'boolean' | 'array'

/** A strict grammar of one kind of value: text in whole, or a typed value of the right kind from a file. */
export interface Grammar<T> {
  /** Name of the kind: `integer`, `duration`, `url`. */
  readonly type: string
  /** Unit of the parsed value. */
  readonly unit?: string
  /** What is allowed, to follow "expected". */
  readonly rule: string
  /** The closed list of values, where there is one. */
  readonly allowed?: readonly string[]
  /** Kinds of file values that fit; a value of another kind is an error, never coerced. */
  readonly fileKinds: readonly FileKind[]
  /** A value that fits, for placeholders. */
  readonly example: string
  readonly jsonSchema: Readonly<Record<string, unknown>>
  /** The value of whole text, or undefined when it does not fit. */
  parse(text: string): T | undefined
  /** The value of a typed, non-text input, or undefined when it does not fit. */
  accept(value: unknown): T | undefined
  /** Text that {@link Grammar.parse} turns back into an equal value. */
  print(value: T): string
}

/** A zod schema of a grammar: takes the grammar's text or an already typed value. */
export type GrammarSchema<T> = z.ZodType<T, string | T>

const grammars = new WeakMap<object, Grammar<unknown>>()
const anything = z.unknown()

/** Makes the zod schema of a grammar; `.default()`, `.optional()`, `.refine()` and the rest of zod apply to it. */
export function grammarSchema<T>(grammar: Grammar<T>): GrammarSchema<T> {
  const transform = z.transform((value: unknown, context) => {
    const parsed = typeof value === 'string' ? grammar.parse(value) : grammar.accept(value)
    if (parsed !== undefined) return parsed
    context.issues.push({ code: 'custom', message: `expected ${grammar.rule}`, input: undefined })
    return z.NEVER
  })
  // Keyed by the transform: zod clones the schema around it at each `.refine()` or `.meta()`.
  grammars.set(transform, grammar as Grammar<unknown>)
  return z.pipe(anything, transform) as unknown as GrammarSchema<T>
}

/** What a schema says about its absence, and the schema under its wrappers. */
export interface SchemaShape {
  readonly inner: z.core.$ZodType
  readonly grammar: Grammar<unknown> | undefined
  readonly required: boolean
  /** Parsed default; undefined where there is none. */
  readonly fallback: unknown
}

interface WrapperDef {
  readonly type: string
  readonly innerType?: z.core.$ZodType
  readonly out?: object
  readonly defaultValue?: unknown
}

/** Reads the wrappers of a schema (default, prefault, optional, nullable, readonly, catch). */
export function schemaShape(schema: z.core.$ZodType): SchemaShape {
  let inner = schema
  let required = true
  let fallback: unknown
  for (;;) {
    const def = inner._zod.def as WrapperDef
    if (def.type === 'optional') required = false
    if (def.type === 'default' || def.type === 'prefault') {
      required = false
      fallback = def.defaultValue
    }
    if (def.innerType === undefined) return { inner, grammar: grammarOf(def), required, fallback }
    inner = def.innerType
  }
}

function grammarOf(def: WrapperDef): Grammar<unknown> | undefined {
  return def.out === undefined ? undefined : grammars.get(def.out)
}

/** Text for a value of a schema: its grammar's print, else the text itself, else JSON. */
export function printValue(schema: z.core.$ZodType, value: unknown): string {
  const { grammar } = schemaShape(schema)
  return grammar !== undefined && typeof value !== 'string' ? grammar.print(value) : plainText(value)
}

/** Text of any value; what JSON cannot hold (a bigint, a cycle) by its own rendering. Never throws. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return typeof value === 'bigint' ? String(value) : `[${typeof value}]`
  }
}
