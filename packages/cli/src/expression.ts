/** Reads PromQL as far as needed to say which metrics and labels it names, and checks them against what is declared. */
import type { LabelSpec, MetricDefinition } from '@ops/core'
import type { MetricIndex } from './catalog.ts'

interface Selector {
  readonly metric: string
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[]
}
interface Named {
  readonly selectors: readonly Selector[]
  readonly groupings: readonly string[]
}

/** Labels that scraping adds. */
const TARGET_LABELS = ['job', 'instance']
const GROUPING = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'])
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'atan2', 'inf', 'nan', ...GROUPING])
const TOKEN =
  /\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[[^\]]*\]|[a-zA-Z_:][a-zA-Z0-9_:]*|\d[\w.]*|=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},@.]/gy

/** Everything in the expression that nobody declares, a sentence each; empty when all exists. */
export function expressionProblems(expression: string, metrics: MetricIndex): readonly string[] {
  const { selectors, groupings } = namesIn(expression)
  const known = new Set(TARGET_LABELS)
  const problems = selectors.flatMap(({ metric, matchers }) => {
    if (metric === 'up') return strangers(matchers, {}, metric)
    const declared = declarationOf(metric, metrics)
    if (declared === undefined) return [`metric ${metric} is not declared`]
    for (const label of Object.keys(declared.labels)) known.add(label)
    return strangers(matchers, declared.labels, metric, declared)
  })
  const unknown = groupings.filter((label) => !known.has(label))
  return [...problems, ...unknown.map((label) => `label ${label} is of no metric in the expression`)]
}

/** Names of the declared metrics in an expression, without the suffixes of histograms. */
export function metricsIn(expression: string, metrics: MetricIndex): readonly string[] {
  const names = namesIn(expression).selectors.map(({ metric }) => declarationOf(metric, metrics)?.name ?? metric)
  return [...new Set(names)]
}

function declarationOf(metric: string, metrics: MetricIndex): MetricDefinition | undefined {
  const [, base = '', suffix] = /^(.+)_(bucket|count|sum)$/.exec(metric) ?? []
  const histogram = metrics.get(base)
  if (histogram?.kind === 'histogram') {
    return suffix === 'bucket' ? { ...histogram, labels: { ...histogram.labels, le: 'string' } } : histogram
  }
  const plain = metrics.get(metric)
  return plain?.kind === 'histogram' ? undefined : plain
}

function strangers(
  matchers: Selector['matchers'],
  labels: LabelSpec,
  metric: string,
  declared?: MetricDefinition,
): string[] {
  return matchers.flatMap(({ label, operator, value }) => {
    if (TARGET_LABELS.includes(label)) return []
    const allowed = Object.hasOwn(labels, label) ? labels[label] : undefined
    if (allowed === undefined) return [`metric ${metric} has no label ${label}`]
    if (label === 'le') return isEdge(value, declared) ? [] : [`metric ${metric} has no bucket edge ${value}`]
    const isListed = allowed === 'string' || operator !== '=' || allowed.includes(value)
    return isListed ? [] : [`label ${label} of metric ${metric} is never ${value}`]
  })
}

/** `le` is written in two ways, see {@link edgeMatcher}: compared as a number. */
function isEdge(value: string, metric: MetricDefinition | undefined): boolean {
  const edge = Number(value.replace('(\\\\.0)?', '').replaceAll('\\\\.', '.'))
  return metric?.kind === 'histogram' && metric.buckets.includes(edge)
}

/** Matches a bucket edge in both expositions: text writes whole ones as `2`, OpenMetrics as `2.0`. */
export function edgeMatcher(edge: number): string {
  return `le=~"${String(edge).replace('.', '\\\\.')}${Number.isInteger(edge) ? '(\\\\.0)?' : ''}"`
}

/** @throws RangeError for text that is no PromQL at all. */
function namesIn(expression: string): Named {
  const tokens = tokensOf(expression)
  const selectors: Selector[] = []
  const groupings: string[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as string
    if (!/^[a-zA-Z_:]/.test(token)) continue
    const next = tokens[at + 1]
    if (GROUPING.has(token) && next === '(') {
      const end = tokens.indexOf(')', at)
      groupings.push(...tokens.slice(at + 2, end).filter((each) => each !== ','))
      at = end
    } else if (next === '{') {
      const end = tokens.indexOf('}', at)
      selectors.push({ metric: token, matchers: matchersOf(tokens.slice(at + 2, end)) })
      at = end
    } else if (next !== '(' && next !== 'by' && next !== 'without' && !WORDS.has(token.toLowerCase()))
      selectors.push({ metric: token, matchers: [] })
  }
  return { selectors, groupings }
}

function tokensOf(expression: string): string[] {
  const tokens: string[] = []
  let end = 0
  for (const { 0: token, index } of expression.matchAll(TOKEN)) {
    end = index + token.length
    if (token.trim() !== '') tokens.push(token)
  }
  if (end === expression.length) return tokens
  throw new RangeError(`Cannot read expression ${JSON.stringify(expression)}: stuck at ${end}, expected PromQL`)
}

function matchersOf(tokens: readonly string[]): Selector['matchers'] {
  const matchers = []
  for (let at = 0; at + 2 < tokens.length; at += 4) {
    const [label, operator, text] = tokens.slice(at, at + 3) as [string, string, string]
    matchers.push({ label, operator, value: text.slice(1, -1) })
  }
  return matchers
}
