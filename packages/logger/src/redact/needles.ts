/**
 * Finds any of many known strings in text. Samples four characters at every (shortest needle - 3)rd place: each
 * occurrence covers a sampled place, so 30 secrets in ten encodings cost a few probes a string.
 *
 * @see https://webhome.cs.uvic.ca/~nigelh/Publications/wu-manber.pdf for the idea of skipping by the shortest pattern
 */
import { REDACTED } from './hits.ts'

const GRAM = 4
const BUCKETS = 4096
/** Needles are kept apart by length so that one short secret does not make the long ones slow. */
const LENGTH_CLASSES = [4, 8, 16, Infinity]

interface Candidate {
  readonly needle: string
  readonly offset: number
}

interface NeedleClass {
  readonly shortest: number
  readonly stride: number
  readonly buckets: readonly (readonly Candidate[] | undefined)[]
}

/** From the first to behind the last character. */
type Span = [start: number, end: number]

function hash(text: string, at: number): number {
  const pair = (text.charCodeAt(at) << 5) ^ (text.charCodeAt(at + 1) << 2)
  return (pair ^ (text.charCodeAt(at + 2) << 7) ^ (text.charCodeAt(at + 3) << 1)) & (BUCKETS - 1)
}

function createClass(needles: readonly string[]): NeedleClass {
  const shortest = Math.min(...needles.map((needle) => needle.length))
  const stride = shortest - GRAM + 1
  const buckets = new Array<Candidate[] | undefined>(BUCKETS).fill(undefined)
  for (const needle of needles) {
    for (let offset = 0; offset < stride; offset++) (buckets[hash(needle, offset)] ??= []).push({ needle, offset })
  }
  return { shortest, stride, buckets }
}

/** A searchable set of strings of at least four characters. */
export class Needles {
  /** Length of the longest. */
  readonly longest: number
  /** Length of the shortest; shorter text holds none. */
  readonly shortest: number
  readonly #classes: readonly NeedleClass[]

  constructor(needles: readonly string[]) {
    this.longest = needles.reduce((longest, needle) => Math.max(longest, needle.length), 0)
    this.shortest = needles.reduce((shortest, needle) => Math.min(shortest, needle.length), Infinity)
    this.#classes = LENGTH_CLASSES.slice(0, -1)
      .map((from, i) => needles.filter(({ length }) => length >= from && length < (LENGTH_CLASSES[i + 1] as number)))
      .filter((members) => members.length > 0)
      .map(createClass)
  }

  /** `text` with every needle replaced; the same string when there is none. */
  redact(text: string, onHit: () => void): string {
    let spans: Span[] | undefined
    for (const members of this.#classes) {
      if (text.length < members.shortest) continue
      const found = findSpans(text, members)
      if (found !== undefined) spans = spans === undefined ? found : [...spans, ...found]
    }
    return spans === undefined ? text : replaceSpans(text, spans, onHit)
  }
}

/** Where needles of one class are. What an earlier find covers is not compared again. */
function findSpans(text: string, { buckets, stride }: NeedleClass): Span[] | undefined {
  let spans: Span[] | undefined
  let covered: Span = [0, 0]
  const last = text.length - GRAM
  for (let at = 0; at <= last; at += stride) {
    const bucket = buckets[hash(text, at)]
    if (bucket === undefined) continue
    for (const { needle, offset } of bucket) {
      const start = at - offset
      const end = start + needle.length
      if (start < 0 || (start >= covered[0] && end <= covered[1]) || !text.startsWith(needle, start)) continue
      if (spans === undefined) spans = []
      if (start <= covered[1] && end >= covered[0] && spans.length > 0) {
        covered[0] = Math.min(covered[0], start)
        covered[1] = Math.max(covered[1], end)
      } else spans.push((covered = [start, end]))
    }
  }
  return spans
}

function replaceSpans(text: string, spans: Span[], onHit: () => void): string {
  spans.sort(([a], [b]) => a - b)
  let out = ''
  let copied = 0
  for (const [start, end] of spans) {
    if (start >= copied) {
      out += text.slice(copied, start) + REDACTED
      onHit()
    }
    copied = Math.max(copied, end)
  }
  return out + text.slice(copied)
}
