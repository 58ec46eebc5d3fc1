/** `.env.example` from the declaration: every name with what it is and a placeholder, no real value. */
import { printValue } from './grammar.ts'
import { type AnySetting, ruleOf, shapeOf } from './parse-value.ts'
import type { ConfigShape } from './setting.ts'

/** The text of `.env.example`. Settings with a default are commented out, showing it; required ones hold a placeholder, secrets an empty one. */
export function envExample(settings: ConfigShape): string {
  const blocks = Object.entries(settings).map(([key, definition]) => block(key, definition))
  return `# Generated from the declared settings; do not edit.\n\n${blocks.join('\n')}`
}

function block(key: string, definition: AnySetting): string {
  const { required } = shapeOf(definition)
  const facts = [required ? 'required' : 'optional', ...(definition.sensitive ? ['secret'] : []), definition.reload]
  const line = `${key}=${quoted(placeholder(definition))}`
  return `# ${definition.description} (${facts.join(', ')})\n# Expected: ${ruleOf(definition)}\n${required ? line : `# ${line}`}\n`
}

function placeholder(definition: AnySetting): string {
  if (definition.placeholder !== undefined) return definition.placeholder
  if (definition.sensitive) return ''
  const { fallback, grammar } = shapeOf(definition)
  return fallback === undefined ? (grammar?.example ?? '') : printValue(definition.schema, fallback)
}

/** Quotes what the `.env` grammar would read otherwise. */
function quoted(text: string): string {
  if (text === text.trim() && !/[#"'`\\\r\n]/.test(text)) return text
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`
}
