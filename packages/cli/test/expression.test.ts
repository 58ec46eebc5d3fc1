import { describe, expect, test } from 'vitest'
import { alertsOf } from '../src/alerts/alerts.ts'
import { expressionProblems, metricsIn } from '../src/expression.ts'
import { fullSubject } from './subject.fixture.ts'

const { metrics } = await fullSubject()

describe('expressionProblems()', () => {
  test('expressionProblems() finds nothing when every metric and label is declared', async () => {
    const alerts = Object.values(alertsOf(await fullSubject())).flat()
    const expressions = alerts.flatMap(({ expr, guidance }) => [expr, ...guidance.queries.map(([, query]) => query)])

    expect(expressions.length).toBeGreaterThan(90)
    expect(expressions.flatMap((each) => expressionProblems(each, metrics))).toEqual([])
  })

  test.each([
    ['rate(http_request_total[5m])', 'metric http_request_total is not declared'],
    ['http_requests_total{path="/"}', 'metric http_requests_total has no label path'],
    ['http_request_duration_seconds{job="a"}', 'metric http_request_duration_seconds is not declared'],
    ['http_requests_total_count', 'metric http_requests_total_count is not declared'],
    ['queue_jobs{state="waitin"}', 'label state of metric queue_jobs is never waitin'],
    ['sum by (tenant) (queue_jobs)', 'label tenant is of no metric in the expression'],
    ['sum(queue_jobs) without (region)', 'label region is of no metric in the expression'],
    ['http_request_duration_seconds_count{le="1"}', 'metric http_request_duration_seconds_count has no label le'],
    [
      'http_request_duration_seconds_bucket{le="3"}',
      'metric http_request_duration_seconds_bucket has no bucket edge 3',
    ],
    ['http_requests_total{constructor="a"}', 'metric http_requests_total has no label constructor'],
  ])('expressionProblems() names what is not declared in %s', (expression, problem) => {
    expect(expressionProblems(expression, metrics)).toEqual([problem])
  })

  test('expressionProblems() reads strings as text when they look like selectors', () => {
    expect(expressionProblems('queue_jobs{queue="a{b=\\"c\\"} nothing_total"}', metrics)).toEqual([])
  })

  test('expressionProblems() throws when a text is no PromQL', () => {
    expect(() => expressionProblems('sum(queue_jobs) § 2', metrics)).toThrow('expected PromQL')
  })
})

test('metricsIn() names histograms without their suffix when an expression reads a part of them', () => {
  const expression = 'rate(http_request_duration_seconds_bucket[5m]) / rate(http_request_duration_seconds_count[5m])'

  expect(metricsIn(expression, metrics)).toEqual(['http_request_duration_seconds'])
})
