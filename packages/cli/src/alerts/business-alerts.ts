/** Alerts on what the service is for: transactions, and calls to language models, by the bounds its operators declare. */
import type { HistogramDefinition } from '@ops/core'
import { llmMetrics } from '@ops/metrics'
import type { TransactionBound } from '../operations.ts'
import type { Subject } from '../subject.ts'
import { type Alert, camelCase, select } from './alert.ts'
import { levelAlert, proofOf } from './level-alert.ts'
import { assertEdge, proveShare, proveSlower, shareExceeded, slowerThan } from './share.ts'

/** @throws TypeError or RangeError for a bound on something that is not declared or not an edge. */
export function businessAlerts(subject: Subject): readonly Alert[] {
  const { transactions = [], llm = {} } = subject.operations
  const { p95Ms, p95Tokens, toolFailureRatio, emptyRetrievalRatio } = llm
  return [
    ...transactions.map((bound) => transactionAlert(subject, bound)),
    ...(p95Ms === undefined
      ? []
      : [
          llmQuantile(subject, 'llm.p95Ms', {
            name: 'LlmLatencyP95',
            metric: llmMetrics.requestDuration,
            edge: p95Ms / 1000,
            what: `lasts longer than ${p95Ms} ms`,
          }),
        ]),
    ...(p95Tokens === undefined
      ? []
      : [
          llmQuantile(subject, 'llm.p95Tokens', {
            name: 'LlmTokensHigh',
            metric: llmMetrics.requestTokens,
            edge: p95Tokens,
            what: `takes more than ${p95Tokens} tokens`,
          }),
        ]),
    ...(toolFailureRatio === undefined
      ? []
      : [
          llmShare(subject, {
            name: 'LlmToolFailures',
            metric: llmMetrics.toolCalls.name,
            result: 'error',
            ratio: toolFailureRatio,
            what: 'tool calls fail',
          }),
        ]),
    ...(emptyRetrievalRatio === undefined
      ? []
      : [
          llmShare(subject, {
            name: 'LlmRetrievalsEmpty',
            metric: llmMetrics.retrievals.name,
            result: 'empty',
            ratio: emptyRetrievalRatio,
            what: 'retrievals find nothing',
          }),
        ]),
  ]
}

/** A counter that never counted has no series: that is zero transactions, as long as a replica is up. */
function transactionAlert(subject: Subject, { name, metric, minPerMinute }: TransactionBound): Alert {
  const declared = subject.metrics.get(metric)
  if (declared?.kind !== 'counter')
    throw new TypeError(`Cannot use operations: transactions ${name} count ${metric}, expected a declared counter`)
  const rate = `(sum(rate(${select(subject, metric)}[5m])) or vector(0)) * 60`
  const values = Object.entries(declared.labels).map(
    ([label, allowed]) => `,${label}="${allowed === 'string' ? 'any' : allowed[0]}"`,
  )
  const series = `${metric}{job="${subject.definition.name}",instance="a:9090"${values.join('')}}`
  const up = { [`up{job="${subject.definition.name}",instance="a:9090"}`]: '1x40' }
  return levelAlert({
    name: `${camelCase(name)}TransactionsLow`,
    expr: `${rate} < ${minPerMinute}\nand on ()\nmax(${select(subject, 'up')}) == 1`,
    forMinutes: 5,
    severity: 'warning',
    dashboard: 'business',
    summary: `Fewer than ${minPerMinute} ${name} a minute`,
    guidance: {
      symptoms: 'Fewer transactions than there ever are in normal operation, perhaps without a single error.',
      impact: 'Business stands still, whatever the technical figures say.',
      causes: [
        'a defect upstream: a page, an app, a gateway',
        'a deployment that broke the way to it',
        'a quiet hour: then the bound is too high',
      ],
      resolution: [
        'Make one transaction by hand.',
        'Compare with the same hour a week ago, and with the traffic of all features.',
        'Since a deployment: roll back.',
      ],
      prevention: 'A synthetic transaction every minute.',
    },
    proof: proofOf({}, [
      ['fires', { [series]: `0+${minPerMinute * 0.5}x40`, ...up }, 15, true],
      ['fires when nothing was ever counted', up, 15, true],
      ['keeps still just above', { [series]: `0+${minPerMinute * 1.1}x40`, ...up }, 15, false],
      ['keeps still without data, where the absent target speaks', {}, 15, false],
      ['resolves', { [series]: `0x15 0+${minPerMinute * 2}x20`, ...up }, 30, false],
    ]),
  })
}

const LLM_GUIDANCE = {
  symptoms: 'Answers of the assistant are late, dear, or poor.',
  impact: 'Users of what the model answers wait longer or get worse answers; costs rise.',
  causes: [
    'the provider is slow or changed the model',
    'a prompt or a context grew',
    'a tool or an index behind the model fails',
  ],
  resolution: [
    'Look at the status of the provider.',
    'Since a change of prompt, model or index: take it back.',
    'Switch to the fallback model where there is one.',
  ],
  prevention: 'Bound context and answers; evaluate prompts before a rollout.',
} as const

function llmQuantile(
  subject: Subject,
  bound: string,
  { name, metric, edge, what }: { name: string; metric: HistogramDefinition; edge: number; what: string },
): Alert {
  assertDeclared(subject, metric.name)
  assertEdge(bound, edge, metric)
  const labels = Object.entries(metric.labels).map(
    ([label, allowed]) => `${label}="${allowed === 'string' ? 'any' : allowed[0]}"`,
  )
  return levelAlert({
    name,
    expr: slowerThan(subject, metric, { labels: {}, edge, share: 0.05, window: '5m' }),
    forMinutes: 5,
    severity: 'warning',
    dashboard: 'ai',
    summary: `One in 20 requests to language models ${what}`,
    guidance: { ...LLM_GUIDANCE, queries: [] },
    proof: proveSlower(metric, {
      series: [`job="${subject.definition.name}"`, ...labels].join(','),
      edge,
      share: 0.05,
      minutes: 10,
      clearMinutes: 5,
    }),
  })
}

function llmShare(
  subject: Subject,
  { name, metric, result, ratio, what }: { name: string; metric: string; result: string; ratio: number; what: string },
): Alert {
  const { labels } = assertDeclared(subject, metric)
  const other = (labels['result'] as readonly string[]).find((each) => each !== result)
  const base = [`job="${subject.definition.name}"`, ...(Object.hasOwn(labels, 'tool') ? ['tool="search"'] : [])].join(
    ',',
  )
  return levelAlert({
    name,
    expr: shareExceeded({ part: select(subject, metric, { result }), all: select(subject, metric) }, ratio, ['5m']),
    forMinutes: 5,
    severity: 'warning',
    dashboard: 'ai',
    summary: `More than ${Number((ratio * 100).toPrecision(6))} % of ${what}`,
    guidance: { ...LLM_GUIDANCE, queries: [] },
    proof: proveShare({
      ratio,
      part: `${metric}{${base},result="${result}"}`,
      rest: `${metric}{${base},result="${other}"}`,
      windowMinutes: 5,
      forMinutes: 5,
    }),
  })
}

function assertDeclared({ metrics }: Subject, name: string): { readonly labels: Readonly<Record<string, unknown>> } {
  const declared = metrics.get(name)
  if (declared !== undefined) return declared
  throw new TypeError(
    `Cannot use operations: ${name} is not declared, expected llmMetrics of @ops/metrics among the metrics`,
  )
}
