/** A whole exposition, made in slices so that whoever makes it can do other things in between. */
import { setImmediate } from 'node:timers/promises'
import { BLOCK_SERIES, type FamilyView, labelText } from './family-view.ts'
import type { ForeignFamily } from './foreign.ts'
import { formatBlock } from './format-block.ts'
import type { ExpositionFormat } from './negotiate.ts'
import { canonicalNumber, numberText } from './number-text.ts'
import { openMetricsName, sampleNames } from './sample-names.ts'

/** Numbers formatted before the event loop gets a turn: about half a millisecond's work. */
const SLICE_NUMBERS = 4096

/** Metrics and the memory that holds their numbers. */
export interface ExpositionSource {
  readonly families: readonly FamilyView[]
  readonly values: Float64Array
}

/** The exposition as pieces of UTF-8, to be joined before the next one is made. Foreign metrics whose name is taken are left out. */
export async function renderExposition(
  source: ExpositionSource,
  foreign: readonly ForeignFamily[],
  format: ExpositionFormat,
): Promise<Buffer[]> {
  const parts: Buffer[] = []
  let numbers = 0
  for (const view of source.families) {
    parts.push(Buffer.from(headerText(view.header.kind, view.header.name, view.header.help, format)))
    for (let block = 0; block * BLOCK_SERIES < view.ats.length; block++) {
      parts.push(formatBlock(view, source.values, block, format))
      numbers += BLOCK_SERIES * view.width
      if (numbers < SLICE_NUMBERS) continue
      numbers = 0
      await setImmediate()
    }
  }
  const taken = new Set(source.families.flatMap((view) => sampleNames(view.header)))
  for (const family of foreign) {
    if (!sampleNames(family).some((name) => taken.has(name))) parts.push(Buffer.from(renderForeign(family, format)))
  }
  if (format === 'openmetrics') parts.push(Buffer.from('# EOF\n'))
  return parts
}

/** Pieces decoded at once: about a millisecond's work. */
const SLICE_BYTES = 1024 * 1024

/** Joins the pieces of an exposition as text, in slices too. No piece ends inside a character. */
export async function joinText(parts: readonly Buffer[]): Promise<string> {
  const texts: string[] = []
  let slice: Buffer[] = []
  let bytes = 0
  for (const part of parts) {
    slice.push(part)
    bytes += part.length
    if (bytes < SLICE_BYTES) continue
    texts.push(Buffer.concat(slice).toString())
    slice = []
    bytes = 0
    await setImmediate()
  }
  texts.push(Buffer.concat(slice).toString())
  return texts.join('')
}

function headerText(kind: string, name: string, help: string, format: ExpositionFormat): string {
  const family = format === 'openmetrics' ? openMetricsName(kind, name) : name
  return `# HELP ${family} ${escapeHelp(help, format)}\n# TYPE ${family} ${kind}\n`
}

function escapeHelp(help: string, format: ExpositionFormat): string {
  const text = help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
  return format === 'openmetrics' ? text.replace(/"/g, '\\"') : text
}

function renderForeign(family: ForeignFamily, format: ExpositionFormat): string {
  // OpenMetrics has no counter whose samples do not end in _total.
  const lenient = format === 'openmetrics' && family.kind === 'counter' && !family.name.endsWith('_total')
  let text = headerText(lenient ? 'unknown' : family.kind, family.name, family.help, format)
  for (const [name, labels, value] of family.samples) {
    const entries = Object.entries(labels).map(([label, given]) => [label, labelValue(label, given, format)] as const)
    const inner = labelText(
      entries.map(([label]) => label),
      entries.map(([, given]) => given),
    )
    text += `${name}${inner === '' ? '' : `{${inner}}`} ${numberText(value)}\n`
  }
  return text
}

function labelValue(label: string, value: string | number, format: ExpositionFormat): string {
  if (format !== 'openmetrics' || (label !== 'le' && label !== 'quantile')) return String(value)
  const number = Number(value)
  return Number.isFinite(number) ? canonicalNumber(number) : String(value)
}
