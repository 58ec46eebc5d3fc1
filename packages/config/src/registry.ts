/** The configuration registry: what every setting is, as data and as Markdown. */
import { printValue } from './grammar.ts'
import { type AnySetting, ruleOf, shapeOf } from './parse-value.ts'
import type { ConfigShape, ReloadMode } from './setting.ts'

/** A row of the registry. */
export interface RegistryEntry {
  readonly name: string
  readonly type: string
  readonly unit: string | undefined
  /** As text; undefined without a default, and for secrets. */
  readonly default: string | undefined
  readonly required: boolean
  readonly description: string
  /** The closed list, or the rule in words. */
  readonly allowed: readonly string[] | string
  readonly sensitive: boolean
  readonly reload: ReloadMode
  readonly group: string | undefined
}

/** The registry of a configuration. */
export interface ConfigRegistry {
  readonly entries: readonly RegistryEntry[]
  /** A Markdown table. */
  toMarkdown(): string
}

/** Builds the registry; `JSON.stringify(configRegistry(settings).entries)` is its JSON. */
export function configRegistry(settings: ConfigShape): ConfigRegistry {
  const entries = Object.entries(settings).map(([name, definition]) => toRow(name, definition))
  return Object.freeze({ entries, toMarkdown: () => toMarkdown(entries) })
}

function toRow(name: string, definition: AnySetting): RegistryEntry {
  const { grammar, required, fallback, inner } = shapeOf(definition)
  const hasDefault = fallback !== undefined && !definition.sensitive
  return {
    name,
    type: grammar?.type ?? inner._zod.def.type,
    unit: grammar?.unit,
    default: hasDefault ? printValue(definition.schema, fallback) : undefined,
    required,
    description: definition.description,
    allowed: grammar?.allowed ?? ruleOf(definition),
    sensitive: definition.sensitive,
    reload: definition.reload,
    group: definition.group?.name,
  }
}

const HEADINGS = ['Name', 'Type', 'Unit', 'Default', 'Required', 'Description', 'Allowed', 'Sensitive', 'Reload']

function toMarkdown(entries: readonly RegistryEntry[]): string {
  const rows = entries.map((entry) => [
    `\`${entry.name}\``,
    entry.type,
    entry.unit ?? '',
    entry.default === undefined ? '' : `\`${entry.default}\``,
    yesNo(entry.required),
    entry.description,
    typeof entry.allowed === 'string' ? entry.allowed : entry.allowed.map((each) => `\`${each}\``).join(', '),
    yesNo(entry.sensitive),
    entry.reload,
  ])
  return [HEADINGS, HEADINGS.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(escapeCell).join(' | ')} |\n`)
    .join('')
}

function yesNo(flag: boolean): string {
  return flag ? 'yes' : 'no'
}

function escapeCell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\r?\n/g, ' ')
}
