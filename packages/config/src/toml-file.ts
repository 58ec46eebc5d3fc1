/** TOML files. The parser tells the place of an error; the place of a top-level key is found by its line. */
import { parse, TomlError } from 'smol-toml'
import type { FileContent } from './file-content.ts'

/** Parses a TOML table. Never throws. */
export function parseTomlFile(text: string): FileContent {
  const source = text.replace(/^\uFEFF/, '')
  let table: Record<string, unknown>
  try {
    table = parse(source, { maxDepth: 64 })
  } catch (error) {
    // The message of a TomlError quotes the source.
    const place = error instanceof TomlError ? `:${error.line}:${error.column}` : ''
    return { entries: [], failures: [{ place, message: 'is not valid, expected TOML 1.0' }] }
  }
  const lines = source.split('\n')
  return {
    entries: Object.keys(table).map((key) => ({ key, value: table[key], place: placeOf(lines, key) })),
    failures: [],
  }
}

function placeOf(lines: readonly string[], key: string): string {
  for (const [index, line] of lines.entries()) {
    const match = /^(\s*\[?\s*["']?)([A-Za-z0-9_-]+)["']?\s*[=.\]]/.exec(line)
    if (match !== null && match[2] === key) return `:${index + 1}:${(match[1] as string).length + 1}`
  }
  return ''
}
