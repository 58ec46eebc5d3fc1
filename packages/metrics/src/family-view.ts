/** One metric as the formatter reads it: its header, and per series a label text and the place of its numbers. */
import type { FamilyHeader } from './series-log.ts'
import type { TextBuffer } from './text-buffer.ts'

/** Series that are formatted, and remembered, together. */
export const BLOCK_SERIES = 128

/** The text of one block, with the numbers it was made from. */
export interface BlockText {
  readonly numbers: Float64Array
  readonly text: TextBuffer
}

export class FamilyView {
  readonly header: FamilyHeader
  /** Numbers a series has. */
  readonly width: number
  readonly labelTexts: string[] = []
  readonly labelValues: (readonly string[])[] = []
  readonly ats: number[] = []
  /** Start of the exemplars by the series' `at`. */
  readonly exemplarsAt: Map<number, number> = new Map()
  /** Texts of the last exposition by format, dropped when the series they cover change. */
  readonly blocks: Map<string, (BlockText | undefined)[]> = new Map()
  readonly #indexByAt = new Map<number, number>()

  constructor(header: FamilyHeader) {
    this.header = header
    this.width = header.kind === 'histogram' ? header.buckets.length + 2 : 1
  }

  add(at: number, labelValues: readonly string[]): void {
    this.#indexByAt.set(at, this.ats.length)
    this.#forget(this.ats.length)
    this.ats.push(at)
    this.labelTexts.push(labelText(this.header.labels, labelValues))
    this.labelValues.push(labelValues)
  }

  remove(at: number): void {
    const index = this.#indexByAt.get(at)
    if (index === undefined) return
    const lastAt = this.ats.pop() as number
    const lastText = this.labelTexts.pop() as string
    const lastValues = this.labelValues.pop() as readonly string[]
    this.#indexByAt.delete(at)
    this.#forget(this.ats.length)
    if (lastAt === at) return
    this.ats[index] = lastAt
    this.labelTexts[index] = lastText
    this.labelValues[index] = lastValues
    this.#indexByAt.set(lastAt, index)
    this.#forget(index)
  }

  /** The labels of series number `index`. */
  labelsOf(index: number): Record<string, string> {
    const values = this.labelValues[index] as readonly string[]
    return Object.fromEntries(this.header.labels.map((name, i) => [name, values[i] as string]))
  }

  #forget(index: number): void {
    for (const blocks of this.blocks.values()) blocks[Math.floor(index / BLOCK_SERIES)] = undefined
  }
}

/** `a="1",b="2"`, escaped as both formats want it. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${name}="${escapeLabel(values[i] as string)}"`).join(',')
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') : value
}
