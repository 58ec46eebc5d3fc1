/** The lines of up to 128 series, in either format. */
import { EXEMPLAR_WIDTH, tryReadExemplar } from './exemplars.ts'
import { BLOCK_SERIES, type BlockText, type FamilyView } from './family-view.ts'
import type { ExpositionFormat } from './negotiate.ts'
import { canonicalNumber, numberText } from './number-text.ts'
import { TextBuffer } from './text-buffer.ts'

/**
 * Formats block number `block`, or gives the bytes of last time when no number in it has changed.
 * They are overwritten by the next exposition.
 */
export function formatBlock(view: FamilyView, values: Float64Array, block: number, format: ExpositionFormat): Buffer {
  let blocks = view.blocks.get(format)
  if (blocks === undefined) view.blocks.set(format, (blocks = []))
  // A block whose series are others than last time has been forgotten.
  const known = (blocks[block] ??= createBlock(view, block))
  if (!update(known.numbers, view, values, block) && !hasExemplars(view, format)) return known.text.bytes
  known.text.clear()
  render(known.text, view, values, { block, format })
  return known.text.bytes
}

/** Numbers that no value equals, and no text. */
function createBlock(view: FamilyView, block: number): BlockText {
  const [start, end] = ends(view, block)
  return { numbers: new Float64Array((end - start) * view.width).fill(-Infinity), text: new TextBuffer() }
}

/** Exemplars change without the numbers they stand beside. */
function hasExemplars(view: FamilyView, format: ExpositionFormat): boolean {
  return format === 'openmetrics' && view.exemplarsAt.size > 0
}

function ends(view: FamilyView, block: number): readonly [number, number] {
  return [block * BLOCK_SERIES, Math.min((block + 1) * BLOCK_SERIES, view.ats.length)]
}

/** Copies the block's numbers; true when one of them is another than before. */
function update(numbers: Float64Array, view: FamilyView, values: Float64Array, block: number): boolean {
  const [start, end] = ends(view, block)
  let n = 0
  let changed = false
  for (let i = start; i < end; i++) {
    const at = view.ats[i] as number
    for (let k = 0; k < view.width; k++, n++) {
      const value = values[at + k] as number
      if (Object.is(value, numbers[n])) continue
      numbers[n] = value
      changed = true
    }
  }
  return changed
}

function render(
  out: TextBuffer,
  view: FamilyView,
  values: Float64Array,
  { block, format }: { readonly block: number; readonly format: ExpositionFormat },
): void {
  const [start, end] = ends(view, block)
  if (view.header.kind === 'histogram') {
    const bounds = [...view.header.buckets.map((bound) => boundText(bound, format)), '+Inf'].map((le) => `${le}"} `)
    for (let i = start; i < end; i++) out.append(renderHistogram(view, values, i, bounds, format))
    return
  }
  const { name } = view.header
  for (let i = start; i < end; i++) {
    const value = values[view.ats[i] as number] as number
    // A gauge never set.
    if (Number.isNaN(value)) continue
    const labels = view.labelTexts[i] as string
    out.append(labels === '' ? `${name} ${numberText(value)}\n` : `${name}{${labels}} ${numberText(value)}\n`)
  }
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
