/** What may be told about a statement: its operation and its shape, never a literal. */
import { createOperationFinder, type Operation } from './operation.ts'
import { scanSql, type TokenKind } from './sql-tokens.ts'

/** What a statement's text gives away. */
export interface Statement {
  /** What it does, behind comments, parentheses and common table expressions. */
  readonly operation: Operation
  /** The text with every literal as `?`, comments gone, white space single, at most 2048 characters. Parameters stay `$n`. */
  readonly shape: string
}

const MAX_SHAPE_LENGTH = 2048
/** Longer texts are read this far: analysis is linear, but the event loop waits for it. */
const MAX_ANALYSED_LENGTH = 131_072
const MAX_CACHED_STATEMENTS = 500
const MAX_CACHED_LENGTH = 4096

const cached = new Map<string, Statement>()

/** Builds a shape; runs of literals between commas become one, since lists of any length are one statement. */
class ShapeBuilder {
  #text = ''
  /** What the next piece waits for: nothing, a space, or the comma after a literal. */
  #pending = ''
  #afterLiteral = false

  space(): void {
    if (this.#text !== '' && !this.#pending.endsWith(' ')) this.#pending += ' '
  }
  literal(): void {
    const inList = this.#afterLiteral && this.#pending.includes(',')
    if (inList) this.#pending = ''
    else this.#append('?')
    this.#afterLiteral = true
  }
  piece(text: string): void {
    if (text === ',' && this.#afterLiteral && !this.#pending.includes(',')) {
      this.#pending = `${this.#pending.trimEnd()},`
      return
    }
    this.#append(text)
    this.#afterLiteral = false
  }
  get full(): boolean {
    return this.#text.length > MAX_SHAPE_LENGTH
  }
  get shape(): string {
    const whole = this.#text + this.#pending.trimEnd()
    return whole.length > MAX_SHAPE_LENGTH ? `${whole.slice(0, MAX_SHAPE_LENGTH - 1)}…` : whole
  }

  #append(text: string): void {
    if (!this.full) this.#text += this.#pending + text
    this.#pending = ''
  }
}

function analyse(whole: string): Statement {
  const text = whole.length > MAX_ANALYSED_LENGTH ? whole.slice(0, MAX_ANALYSED_LENGTH) : whole
  const finder = createOperationFinder()
  const shape = new ShapeBuilder()
  // SET takes bare words as values: what follows `=` or TO is a literal whatever it looks like.
  let settingValue = false
  const onToken = (kind: TokenKind, start: number, end: number) => {
    if (kind === 'space') return shape.space()
    const piece = text.slice(start, Math.min(end, start + MAX_SHAPE_LENGTH + 1))
    if (kind === 'word') finder.word(piece)
    else if (kind === 'symbol') finder.symbol(piece)
    else finder.word('')
    if (piece === ';') settingValue = false
    if (kind === 'literal' || (settingValue && kind !== 'symbol')) shape.literal()
    else shape.piece(piece)
    if (finder.operation === 'set' && (piece === '=' || piece.toLowerCase() === 'to')) settingValue = true
  }
  scanSql(text, onToken, () => shape.full && finder.settled)
  return { operation: finder.operation, shape: shape.shape }
}

/**
 * Operation and shape of a statement. Total: any text gives an answer, in linear time; what cannot be lexed counts as literal.
 * Short texts are remembered, at most 500.
 */
export function describeStatement(text: string): Statement {
  const known = cached.get(text)
  if (known !== undefined) return known
  const statement = analyse(text)
  if (text.length <= MAX_CACHED_LENGTH) {
    if (cached.size >= MAX_CACHED_STATEMENTS) cached.delete(cached.keys().next().value as string)
    cached.set(text, statement)
  }
  return statement
}
