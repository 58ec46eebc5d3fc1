/** JSON Schema of the files a configuration is read from, for editors and admission checks. */
import { toJSONSchema } from 'zod'
import { printValue } from './grammar.ts'
import { type AnySetting, shapeOf } from './parse-value.ts'
import type { ConfigShape } from './setting.ts'

/** A draft 2020-12 schema of a YAML, JSON or TOML file. Nothing is required, for other layers may set it; defaults of secrets are left out. */
export function jsonSchema(settings: ConfigShape): Record<string, unknown> {
  const properties = Object.entries(settings).map(([key, definition]) => [key, propertySchema(definition)])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  }
}

function propertySchema(definition: AnySetting): Record<string, unknown> {
  const { grammar, inner, fallback } = shapeOf(definition)
  const {
    $schema: _,
    default: __,
    ...own
  } = grammar === undefined
    ? (toJSONSchema(inner, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>)
    : grammar.jsonSchema
  const isShown = fallback !== undefined && !definition.sensitive
  return {
    ...own,
    description: definition.description,
    // In a file a duration or a size is text, whatever it is parsed to.
    ...(isShown ? { default: own['type'] === 'string' ? printValue(definition.schema, fallback) : fallback } : {}),
    ...(definition.sensitive ? { writeOnly: true } : {}),
  }
}
