/** Which operation a statement is, from its tokens: its verb, or the one behind its common table expressions. */

/** The `operation` label: a closed set. */
export const OPERATIONS = [
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'release',
  'copy',
  'call',
  'set',
  'create',
  'alter',
  'drop',
  'truncate',
  'other',
] as const
/** One of {@link OPERATIONS}. */
export type Operation = (typeof OPERATIONS)[number]

const VERBS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ...OPERATIONS.map((operation) => [operation, operation] as const),
  ['values', 'select'],
  ['table', 'select'],
  ['start', 'begin'],
  ['end', 'commit'],
  ['abort', 'rollback'],
])
/** What may follow common table expressions. */
const AFTER_WITH = new Set(['select', 'insert', 'update', 'delete', 'merge', 'values', 'table'])
const LONGEST_VERB = 9

/** Finds the operation of the first statement, fed token by token. */
export interface OperationFinder {
  /** The operation so far; `other` until the verb came. */
  readonly operation: Operation
  /** True when nothing that follows can change it. */
  readonly settled: boolean
  word(text: string): void
  symbol(char: string): void
}

class TokenOperationFinder implements OperationFinder {
  operation: Operation = 'other'
  settled = false
  #depth = 0
  /** Depth at which `with` stood; -1 without one. */
  #withDepth = -1
  /** The main statement may only follow a CTE's closing parenthesis, or its SEARCH or CYCLE clause. */
  #mayFollow = false
  #inClause = false

  word(text: string): void {
    if (this.settled || text.length > LONGEST_VERB) {
      this.#mayFollow = false
      return
    }
    const word = text.toLowerCase()
    if (this.#withDepth === -1) this.#first(word)
    else if (this.#depth === this.#withDepth) this.#afterWith(word)
  }

  symbol(char: string): void {
    if (char === ';' && (this.#withDepth !== -1 || this.settled)) this.settled = true
    else if (char === '(') this.#open()
    else if (char === ')') {
      this.#depth--
      this.#mayFollow = this.#depth === this.#withDepth
    } else this.#mayFollow = false
  }

  /** `with … as (…) (select …)`: the main statement may stand in parentheses. */
  #open(): void {
    this.#depth++
    if (this.#mayFollow && this.#withDepth !== -1) this.#withDepth++
    else this.#mayFollow = false
  }

  #first(word: string): void {
    if (word === 'with') this.#withDepth = this.#depth
    else this.#settle(VERBS.get(word) ?? 'other')
  }

  #afterWith(word: string): void {
    if ((this.#mayFollow || this.#inClause) && AFTER_WITH.has(word)) this.#settle(VERBS.get(word) as Operation)
    else if (this.#mayFollow && (word === 'search' || word === 'cycle')) this.#inClause = true
    this.#mayFollow = false
  }

  #settle(operation: Operation): void {
    this.operation = operation
    this.settled = true
  }
}

/** Creates a finder for one statement. */
export function createOperationFinder(): OperationFinder {
  return new TokenOperationFinder()
}
