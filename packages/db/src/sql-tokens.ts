/**
 * PostgreSQL's lexical rules in one linear pass, as far as it takes to tell literals from the rest.
 * Where a text is ambiguous or unterminated, everything that follows counts as literal.
 *
 * @see https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */

/** A piece of a statement; comments and white space come as `space`. */
export type TokenKind = 'word' | 'quoted-name' | 'literal' | 'parameter' | 'space' | 'symbol'

/** Called for each token, `[start, end)` of the text. */
export type OnToken = (kind: TokenKind, start: number, end: number) => void

const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y
const NUMBER = /(?:\d|\.\d)[\w.\u0080-\uffff]*/y
const EXPONENT = /[+-]\d[\w.\u0080-\uffff]*/y
const PARAMETER = /\$\d+/y
const SPACE = /\s+/y
const LINE_COMMENT = /--[^\r\n]*/y
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y
const COMMENT_EDGE = /\/\*|\*\//g
const QUOTE_OR_BACKSLASH = /['\\]/g

/** End of `pattern` matched exactly at `at`; -1 when it does not match there. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

/** End of a block comment that opens at `at`; they nest. */
function endOfBlockComment(text: string, at: number): number {
  COMMENT_EDGE.lastIndex = at + 2
  for (let depth = 1; depth > 0; ) {
    const edge = COMMENT_EDGE.exec(text)
    if (edge === null) return text.length
    depth += edge[0] === '/*' ? 1 : -1
  }
  return COMMENT_EDGE.lastIndex
}

/** End of a quoted name that opens at `at`; a doubled quote stands for itself. -1 when it never closes. */
function endOfQuotedName(text: string, at: number): number {
  for (let close = text.indexOf('"', at + 1); close !== -1; close = text.indexOf('"', close + 2)) {
    if (text[close + 1] !== '"') return close + 1
  }
  return -1
}

/** With `standard_conforming_strings` off a backslash escapes the quote; nobody can tell from the text, so the rest is literal. */
function endOfPlainString(text: string, at: number): number {
  for (let close = text.indexOf("'", at + 1); close !== -1; close = text.indexOf("'", close + 2)) {
    if (text[close - 1] === '\\') return text.length
    if (text[close + 1] !== "'") return close + 1
  }
  return text.length
}

/** After `E` a backslash escapes; the strings that continue it on later lines escape too. */
function endOfEscapedString(text: string, at: number): number {
  let opened = at
  for (;;) {
    const end = endOfEscapedPart(text, opened)
    const next = endOf(SPACE, text, end)
    if (next === -1 || text[next] !== "'") return end
    opened = next
  }
}

function endOfEscapedPart(text: string, at: number): number {
  QUOTE_OR_BACKSLASH.lastIndex = at + 1
  for (let found = QUOTE_OR_BACKSLASH.exec(text); found !== null; found = QUOTE_OR_BACKSLASH.exec(text)) {
    const skipsNext = found[0] === '\\' || text[found.index + 1] === "'"
    if (!skipsNext) return found.index + 1
    QUOTE_OR_BACKSLASH.lastIndex = found.index + 2
  }
  return text.length
}

/** End of a number, with whatever is glued to it; -1 when none starts at `at`. */
function endOfNumber(text: string, at: number): number {
  const end = endOf(NUMBER, text, at)
  const last = end === -1 ? '' : text[end - 1]
  const exponent = last === 'e' || last === 'E' ? endOf(EXPONENT, text, end) : -1
  return exponent === -1 ? end : exponent
}

function endOfDollarQuoted(text: string, at: number, tagEnd: number): number {
  const close = text.indexOf(text.slice(at, tagEnd), tagEnd)
  return close === -1 ? text.length : close + tagEnd - at
}

/** Scans a word, and the string it may prefix: `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'`. */
function scanWord(text: string, at: number, end: number, onToken: OnToken): number {
  const prefix = end - at === 1 ? (text[at] as string).toLowerCase() : ''
  if (text[end] === "'" && prefix === 'e') {
    const close = endOfEscapedString(text, end)
    onToken('literal', at, close)
    return close
  }
  const quote = prefix === 'u' && text[end] === '&' ? end + 1 : 'bxn'.includes(prefix) ? end : -1
  if (prefix !== '' && quote !== -1 && text[quote] === "'") {
    const close = endOfPlainString(text, quote)
    onToken('literal', at, close)
    return close
  }
  onToken('word', at, end)
  return end
}

function scanDollar(text: string, at: number, onToken: OnToken): number {
  const parameter = endOf(PARAMETER, text, at)
  if (parameter !== -1) {
    onToken('parameter', at, parameter)
    return parameter
  }
  const tagEnd = endOf(DOLLAR_TAG, text, at)
  const end = tagEnd === -1 ? at + 1 : endOfDollarQuoted(text, at, tagEnd)
  onToken(tagEnd === -1 ? 'symbol' : 'literal', at, end)
  return end
}

/** End and kind of what starts at `at` when it is neither word nor dollar. */
function scanOther(text: string, at: number, onToken: OnToken): number {
  const char = text[at] as string
  const two = text.slice(at, at + 2)
  let kind: TokenKind = 'symbol'
  let end = at + 1
  if (char === "'") [kind, end] = ['literal', endOfPlainString(text, at)]
  else if (char === '"') {
    const close = endOfQuotedName(text, at)
    ;[kind, end] = close === -1 ? ['literal', text.length] : ['quoted-name', close]
  } else if (two === '--') [kind, end] = ['space', endOf(LINE_COMMENT, text, at)]
  else if (two === '/*') [kind, end] = ['space', endOfBlockComment(text, at)]
  else {
    const number = endOfNumber(text, at)
    const space = number === -1 ? endOf(SPACE, text, at) : -1
    if (number !== -1) [kind, end] = ['literal', number]
    else if (space !== -1) [kind, end] = ['space', space]
  }
  onToken(kind, at, end)
  return end
}

/** Calls `onToken` for each token of `text`, in order, without gaps, until `isDone`. Linear in the length of the text. */
export function scanSql(text: string, onToken: OnToken, isDone: () => boolean): void {
  for (let at = 0; at < text.length && !isDone(); ) {
    const word = endOf(WORD, text, at)
    if (word !== -1) at = scanWord(text, at, word, onToken)
    else if (text[at] === '$') at = scanDollar(text, at, onToken)
    else at = scanOther(text, at, onToken)
  }
}
