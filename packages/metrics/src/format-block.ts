/** The lines of up to 128 series, in either format. */
import { EXEMPLAR_WIDTH, tryReadExemplar } from './exemplars.ts'
import { BLOCK_SERIES, type FamilyView } from './family-view.ts'
import type { ExpositionFormat } from './negotiate.ts'
import { canonicalNumber, numberText } from './number-text.ts'

/** Formats block number `block`, or gives the bytes of last time when no number in it has changed. */
export function formatBlock(view: FamilyView, values: Float64Array, block: number, format: ExpositionFormat): Buffer {
  // Exemplars change without the numbers they stand beside.
  if (format === 'openmetrics' && view.exemplarsAt.size > 0) return Buffer.from(render(view, values, block, format))
  let blocks = view.blocks.get(format)
  if (blocks === undefined) view.blocks.set(format, (blocks = []))
  const known = blocks[block]
  if (known !== undefined && !changed(view, values, block, known.numbers)) return known.bytes
  const numbers = copy(view, values, block)
  const bytes = Buffer.from(render(view, values, block, format))
  blocks[block] = { numbers, bytes }
  return bytes
}

function ends(view: FamilyView, block: number): readonly [number, number] {
  return [block * BLOCK_SERIES, Math.min((block + 1) * BLOCK_SERIES, view.ats.length)]
}

function changed(view: FamilyView, values: Float64Array, block: number, before: Float64Array): boolean {
  const [start, end] = ends(view, block)
  let n = 0
  for (let i = start; i < end; i++) {
    const at = view.ats[i] as number
    for (let k = 0; k < view.width; k++) if (!Object.is(values[at + k], before[n++])) return true
  }
  return false
}

function copy(view: FamilyView, values: Float64Array, block: number): Float64Array {
  const [start, end] = ends(view, block)
  const numbers = new Float64Array((end - start) * view.width)
  for (let i = start; i < end; i++) {
    const at = view.ats[i] as number
    for (let k = 0; k < view.width; k++) numbers[(i - start) * view.width + k] = values[at + k] as number
  }
  return numbers
}

function render(view: FamilyView, values: Float64Array, block: number, format: ExpositionFormat): string {
  const [start, end] = ends(view, block)
  let text = ''
  if (view.header.kind === 'histogram') {
    const bounds = [...view.header.buckets.map((bound) => boundText(bound, format)), '+Inf'].map((le) => `${le}"} `)
    for (let i = start; i < end; i++) text += renderHistogram(view, values, i, bounds, format)
    return text
  }
  const { name } = view.header
  for (let i = start; i < end; i++) {
    const value = values[view.ats[i] as number] as number
    // A gauge never set.
    if (Number.isNaN(value)) continue
    const labels = view.labelTexts[i] as string
    text += labels === '' ? `${name} ${numberText(value)}\n` : `${name}{${labels}} ${numberText(value)}\n`
  }
  return text
}

function renderHistogram(
  view: FamilyView,
  values: Float64Array,
  i: number,
  bounds: readonly string[],
  format: ExpositionFormat,
): string {
  const { name } = view.header
  const labels = view.labelTexts[i] as string
  const at = view.ats[i] as number
  const exemplarsAt = format === 'openmetrics' ? view.exemplarsAt.get(at) : undefined
  const open = labels === '' ? `${name}_bucket{le="` : `${name}_bucket{${labels},le="`
  const braces = labels === '' ? '' : `{${labels}}`
  let text = ''
  let count = 0
  for (let bucket = 0; bucket < bounds.length; bucket++) {
    count += values[at + bucket] as number
    const exemplar = exemplarsAt === undefined ? '' : exemplarText(values, exemplarsAt + bucket * EXEMPLAR_WIDTH)
    text += `${open + bounds[bucket] + count + exemplar}\n`
  }
  const sum = values[at + bounds.length] as number
  return `${text}${name}_sum${braces} ${numberText(sum)}\n${name}_count${braces} ${count}\n`
}

function boundText(bound: number, format: ExpositionFormat): string {
  return format === 'openmetrics' ? canonicalNumber(bound) : numberText(bound)
}

function exemplarText(values: Float64Array, at: number): string {
  const exemplar = tryReadExemplar(values, at)
  if (exemplar === undefined) return ''
  const { traceId, spanId, value, timestampMs } = exemplar
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${timestampMs / 1000}`
}
