/** Parts of a page that people write: between markers, kept when the page is generated anew. */
import { RunbookMarkersError } from '../errors.ts'

const BLOCK = /<!-- keep: ([a-z]+) -->\n([\s\S]*?)<!-- end: \1 -->/g
const MARKER = /<!-- (?:keep|end): [a-z]+ -->/g

/** A part for people, with what it says until somebody wrote it. */
export function keptBlock(name: string, text: string): string {
  return `<!-- keep: ${name} -->\n${text}\n<!-- end: ${name} -->`
}

/**
 * The generated page with the hand-written parts of the page that exists.
 *
 * @throws RunbookMarkersError where a part has lost a marker, stands twice, or has no place any more: it would be lost.
 */
export function keepHandWritten(generated: string, existing: string, page: string): string {
  const kept = blocksOf(existing, page)
  const places = blocksOf(generated, page)
  for (const [name, text] of kept) {
    if (!places.has(name) && text.trim() !== '')
      throw new RunbookMarkersError(page, `part ${name} has no place on the page any more`)
  }
  // A function, because a text may hold `$&`.
  return generated.replace(BLOCK, (block, name: string) => {
    const text = kept.get(name)
    return text === undefined ? block : `<!-- keep: ${name} -->\n${text}<!-- end: ${name} -->`
  })
}

function blocksOf(text: string, page: string): Map<string, string> {
  const blocks = new Map<string, string>()
  for (const [, name = '', content = ''] of text.matchAll(BLOCK)) {
    if (blocks.has(name)) throw new RunbookMarkersError(page, `part ${name} stands there twice`)
    blocks.set(name, content)
  }
  const markers = text.match(MARKER) ?? []
  if (markers.length !== blocks.size * 2) throw new RunbookMarkersError(page, 'a part has lost one of its markers')
  return blocks
}
