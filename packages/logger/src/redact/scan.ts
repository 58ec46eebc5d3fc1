/**
 * The first look at every string: one pass over its characters gathers which of them occur, so that almost every
 * string is known to be clean, and known to need no JSON escape, before any detector runs.
 */

/** A digit. */
export const DIGIT: number = 1
/** Goes on with a run of digits: a digit or what people put between digits. */
const JOINS = 1 << 1
/** Needs a JSON escape. */
const ESCAPE: number = 1 << 2
export const AT: number = 1 << 3
/** `=`, `:` or `>`: what stands between a name and its value. */
export const PAIR: number = 1 << 4
/** `{` or `[`: could open JSON. */
export const OPEN: number = 1 << 5
/** `%`, `\` or `&`: could hide other characters. */
export const CODED: number = 1 << 6
export const SPACE: number = 1 << 7
/** `b` or `B`, of Bearer and Basic. */
export const LETTER_B: number = 1 << 8
/** `_` or `-`, of token prefixes. */
export const MARK: number = 1 << 9
export const DOT: number = 1 << 10
/** `J`, of a JWT's `eyJ`. */
export const LETTER_J: number = 1 << 11
/** `I`, of `AKIA` and `AIza`. */
export const LETTER_I: number = 1 << 12
export const PLUS: number = 1 << 13
/** `G`, of `SG.`. */
export const LETTER_G: number = 1 << 14
/** A character outside ASCII. */
export const WIDE: number = 1 << 16
/** Nine digits in one run. */
export const LONG_RUN: number = 1 << 17

const RUN_DIGITS = 9
const CLASSES = new Int32Array(128)

function mark(characters: string, bits: number): void {
  for (const character of characters) {
    const code = character.charCodeAt(0)
    CLASSES[code] = (CLASSES[code] as number) | bits
  }
}

for (let code = 0; code < 32; code++) CLASSES[code] = ESCAPE
mark('0123456789', DIGIT | JOINS)
mark(' -.()/+_\t', JOINS)
mark('"\\', ESCAPE)
mark('@', AT)
mark('=:>', PAIR)
mark('{["', OPEN)
mark('%\\&', CODED)
mark(' \t\n', SPACE)
mark('bB', LETTER_B)
mark('_-', MARK)
mark('.', DOT)
mark('J', LETTER_J)
mark('I', LETTER_I)
mark('+', PLUS)
mark('G', LETTER_G)

/** What occurs in `text`, as bits. Linear, no allocation. */
export function scan(text: string): number {
  let found = 0
  let run = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) {
      found |= WIDE
      continue
    }
    const bits = CLASSES[code] as number
    found |= bits
    run = (run + (bits & 1)) & -((bits >> 1) & 1)
    if (run >= RUN_DIGITS) found |= LONG_RUN
  }
  return found
}

const NEEDS_STRINGIFY = ESCAPE | WIDE

/** JSON of `text`, given its scan. Text outside ASCII takes the slow way because of lone surrogates. */
export function quote(text: string, found: number): string {
  return (found & NEEDS_STRINGIFY) === 0 ? `"${text}"` : JSON.stringify(text)
}
