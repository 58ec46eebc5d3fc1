/** Reads interfaces by syntax alone (no types are resolved beyond the package): one row an option, from its TSDoc. */
import ts from 'typescript-api'

/** Types of core's ports: what such an option is for needs no words of its own, and several of them share a row. */
const PORTS = new Set(['Meter', 'Logger', 'Clock', 'Random', 'Lifecycle', 'Scrubber', 'SecretRegistry'])

/** Stands for `@ops/` while comments are parsed. */
const SCOPE = '\u0001ops/'

/** Rows `{ names, meaning, fallback }` of an interface of the sources, in its order, nested options as `outer.inner`. */
export function rowsOf(name, sources) {
  return collapsePorts(membersOf(name, interfacesOf(sources), ''))
}

function interfacesOf(sources) {
  const found = new Map()
  for (const { file, text } of sources) {
    // `@ops/…` inside a comment would begin a tag.
    const parsed = ts.createSourceFile(file, text.replaceAll('@ops/', SCOPE), ts.ScriptTarget.Latest, true)
    for (const statement of parsed.statements) {
      if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
        found.set(statement.name.text, statement)
    }
  }
  return found
}

function membersOf(name, interfaces, prefix) {
  const declared = interfaces.get(name)
  if (declared === undefined)
    throw new Error(`Cannot write the options of ${name}: no interface of that name, expected one in src`)
  const context = { prefix, owner: name }
  if (ts.isTypeAliasDeclaration(declared)) return alternatives(partsOf(declared.type, interfaces, context))
  const bases = (declared.heritageClauses ?? []).flatMap((clause) =>
    clause.types.map((type) => type.expression.getText()),
  )
  const inherited = bases.filter((base) => interfaces.has(base)).flatMap((base) => membersOf(base, interfaces, prefix))
  return [...inherited, ...declared.members.flatMap((member) => rowsOfMember(member, interfaces, context))]
}

/** Rows of a type made of others by `&` and `|`. */
function partsOf(type, interfaces, context) {
  if (ts.isParenthesizedTypeNode(type)) return partsOf(type.type, interfaces, context)
  if (ts.isIntersectionTypeNode(type) || ts.isUnionTypeNode(type)) {
    return type.types.flatMap((part) => partsOf(part, interfaces, context))
  }
  if (ts.isTypeLiteralNode(type)) {
    const members = type.members.filter((member) => member.type?.kind !== ts.SyntaxKind.NeverKeyword)
    return members.flatMap((member) => rowsOfMember(member, interfaces, context))
  }
  const named = ts.isTypeReferenceNode(type) ? type.typeName.getText() : undefined
  return interfaces.has(named) ? membersOf(named, interfaces, context.prefix) : []
}

/** An option that each alternative describes for its own value is one row. */
function alternatives(rows) {
  const byName = new Map()
  for (const row of rows) {
    const before = byName.get(row.names)
    const meaning = row.value === undefined ? row.meaning : `\`${row.value}\`: ${row.meaning}`
    byName.set(row.names, {
      ...row,
      value: undefined,
      meaning: before === undefined ? meaning : `${before.meaning} ${meaning}`,
    })
  }
  return [...byName.values()]
}

function rowsOfMember(member, interfaces, { prefix, owner }) {
  const name = `${prefix}${member.name.getText()}`
  const inner = innerOf(member, interfaces, `${name}.`)
  const { meaning, fallback } = documentationOf(member)
  const port = PORTS.has(typeNameOf(member)) && meaning === ''
  if (meaning === '' && inner.length > 0) return inner
  if (meaning === '' && !port)
    throw new Error(`Cannot write the options of ${owner}: ${name} says nothing, expected TSDoc`)
  const value = member.type && ts.isLiteralTypeNode(member.type) ? member.type.getText() : undefined
  const absent = member.questionToken === undefined && ts.isPropertySignature(member) ? 'required' : 'none'
  return [{ names: `\`${name}\``, meaning, fallback: fallback || absent, port, value }, ...inner]
}

/** Members of an option that is an object: written in place, or an `…Options` interface of the package. */
function innerOf(member, interfaces, prefix) {
  const type = member.type
  if (type === undefined) return []
  const literal = type && ts.isTypeLiteralNode(type) ? type : undefined
  if (literal !== undefined) {
    const documented = literal.members.filter((inner) => documentationOf(inner).meaning !== '')
    return documented.flatMap((inner) => rowsOfMember(inner, interfaces, { prefix, owner: prefix }))
  }
  const named = typeNameOf(member)
  return named?.endsWith('Options') && interfaces.has(named) ? membersOf(named, interfaces, prefix) : []
}

function typeNameOf({ type }) {
  if (type === undefined) return undefined
  if (ts.isTypeReferenceNode(type)) return type.typeName.getText()
  if (!ts.isUnionTypeNode(type)) return undefined
  return type.types.find(ts.isTypeReferenceNode)?.typeName.getText()
}

function documentationOf(node) {
  const meaning = cell(
    ts
      .getJSDocCommentsAndTags(node)
      .filter(ts.isJSDoc)
      .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
      .join(' '),
  )
  const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === 'defaultValue')
  return { meaning, fallback: literal(cell(ts.getTextOfJSDocComment(tag?.comment) ?? '')) }
}

/** One line that a table of Markdown can hold. */
function cell(text) {
  return text
    .replace(/\{@link\s+([^}|\s]+)[^}]*\}/g, '`$1`')
    .replaceAll(SCOPE, '@ops/')
    .replace(/\s+/g, ' ')
    .replace(/\|/g, '\\|')
    .replace(/(`[^`]*`)|</g, (_, code) => code ?? '&lt;')
    .trim()
}

/** A default that is a value of the language, as code. */
function literal(text) {
  return /^(?:-?[\d_.]+|'[^']*'|true|false|\[.*\]|[a-z]+[A-Z]\w*)$/.test(text) ? `\`${text}\`` : text
}

/** Ports that say nothing of their own share a row, at the end. */
function collapsePorts(rows) {
  const own = rows.filter(({ port }) => !port)
  const ports = rows.filter(({ port }) => port)
  if (ports.length === 0) return own
  const names = ports.map((row) => row.names).join(' ')
  const fallbacks = [...new Set(ports.map(({ fallback }) => fallback))].join(', ')
  return [...own, { names, meaning: `${ports.length === 1 ? 'port' : 'ports'} of \`@ops/core\``, fallback: fallbacks }]
}
