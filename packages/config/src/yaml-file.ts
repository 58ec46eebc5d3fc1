/** YAML 1.2 and JSON files with the place of every key. Messages carry codes and places, never a piece of the source. */
import { type Document, isMap, isScalar, LineCounter, type Pair, parseDocument } from 'yaml'
import type { FileContent, FileEntry } from './file-content.ts'

const CODES: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'names a key twice, expected once',
  MULTIPLE_DOCS: 'holds several documents, expected one',
  TAB_AS_INDENT: 'is indented with a tab, expected spaces',
}
const PLAIN_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/

/** Parses a YAML map. Never throws. */
export function parseYamlFile(text: string): FileContent {
  const lines = new LineCounter()
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `:${line}:${col}`
  }
  let document: Document.Parsed
  try {
    document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      prettyErrors: false,
      lineCounter: lines,
      logLevel: 'error',
    })
  } catch {
    return failed('', 'is nested too deep, expected less')
  }
  const faults = [...document.errors, ...document.warnings]
  if (faults.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) return failed('', 'is nested too deep, expected less')
  if (faults.length > 0) {
    return {
      entries: [],
      failures: faults.slice(0, 20).map(({ code, pos }) => ({ place: place(pos[0]), message: faultText(code) })),
    }
  }
  if (document.contents === null) return { entries: [], failures: [] }
  if (isScalar(document.contents) && document.contents.value === null) return { entries: [], failures: [] }
  if (!isMap(document.contents)) return failed('', 'is no map, expected a map of settings')
  return { entries: document.contents.items.map((pair) => toEntry(pair as Pair, document, place)), failures: [] }
}

/** Parses a JSON object. Never throws. */
export function parseJsonFile(text: string): FileContent {
  const bare = text.replace(/^\uFEFF/, '')
  try {
    JSON.parse(bare)
  } catch {
    // The engine's message quotes the source; the place comes from the YAML reading where that fails too.
    const found = parseYamlFile(bare).failures
    return found.length > 0
      ? { entries: [], failures: found.slice(0, 1) }
      : failed('', 'is not valid JSON, expected JSON')
  }
  return parseYamlFile(bare)
}

function failed(place: string, message: string): FileContent {
  return { entries: [], failures: [{ place, message }] }
}

function faultText(code: string): string {
  return CODES[code] ?? `is not valid (${code}), expected YAML 1.2`
}

function toEntry(pair: Pair, document: Document.Parsed, place: (offset: number) => string): FileEntry {
  const key = isScalar(pair.key) ? pair.key : undefined
  const at = key?.range == null ? '' : place(key.range[0])
  if (key === undefined || typeof key.value !== 'string') {
    return { key: 'a key', value: undefined, place: at, problem: 'is no text, expected an environment name' }
  }
  if (isScalar(pair.value) && typeof pair.value.value === 'number' && !PLAIN_NUMBER.test(pair.value.source ?? '')) {
    return {
      key: key.value,
      value: undefined,
      place: at,
      problem: 'is an ambiguous number, expected decimal digits (or quotes for text)',
    }
  }
  try {
    const node = pair.value as { toJS(doc: Document, options: object): unknown } | null
    return { key: key.value, value: node === null ? null : node.toJS(document, { maxAliasCount: 100 }), place: at }
  } catch {
    return {
      key: key.value,
      value: undefined,
      place: at,
      problem: 'uses too many aliases or nests too deep, expected less',
    }
  }
}
