import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { canaryManifests, errorShare } from '../src/deploy/canary.ts'
import type { Canary } from '../src/deploy/deployment.ts'
import { type PlannedWorkload, planDeployment } from '../src/deploy/plan.ts'
import { expressionProblems } from '../src/expression.ts'
import { deploy, deployedSubject } from './deploy.fixture.ts'
import { manifestProblems } from './manifest-problems.ts'
import { scratchFolder } from './run-command.ts'

interface AnalysisMetric {
  readonly count: number
  readonly interval: string
  readonly failureLimit: number
  readonly successCondition: string
  readonly failureCondition: string
}

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
const subject = await deployedSubject()
const plan = planDeployment(subject, deploy)
const api = plan.workloads[0] as PlannedWorkload
const canary = deploy.canary as Canary
const manifests = canaryManifests(plan, api, canary)
const metrics = manifests
  .filter(({ kind }) => kind === 'AnalysisTemplate')
  .flatMap(({ spec }) => (spec as { metrics: AnalysisMetric[] }).metrics)

/** Reads a condition as Argo does: the few words it uses mean the same in JavaScript. */
function holds(condition: string, result: readonly number[]): boolean {
  const read = new Function('result', 'len', 'isNaN', `return ${condition}`)
  return read(result, (list: readonly number[]) => list.length, Number.isNaN)
}

describe('canaryManifests()', () => {
  test.each([
    ['nothing came', [], false, false],
    ['the share is no number', [Number.NaN], false, false],
    ['nothing failed', [0], true, false],
    ['one in 20 failed', [0.05], true, false],
    ['more than one in 20 failed', [0.0501], false, true],
  ])('canaryManifests() neither passes nor fails by chance when %s', (_, result, passes, fails) => {
    for (const { successCondition, failureCondition } of metrics) {
      expect([holds(successCondition, result), holds(failureCondition, result)]).toEqual([passes, fails])
    }
  })

  test('canaryManifests() judges 10 min of a few requests, then 15 min of all', () => {
    const steps = manifests.find(({ kind }) => kind === 'Rollout')?.['spec'] as {
      strategy: { canary: { steps: { setWeight?: number }[] } }
      progressDeadlineAbort: boolean
      progressDeadlineSeconds: number
    }

    expect(metrics.map(({ count, interval, failureLimit }) => [count, interval, failureLimit])).toEqual([
      [10, '1m', 0],
      [15, '1m', 0],
    ])
    expect(steps.strategy.canary.steps.map(({ setWeight }) => setWeight)).toEqual([10, undefined, 100, undefined])
    expect(steps).toMatchObject({ progressDeadlineAbort: true, progressDeadlineSeconds: 300 })
  })

  test('canaryManifests() passes traffic routing through when another controller splits the traffic', () => {
    const trafficRouting = { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop', namespace: 'shop' } } }

    const all = canaryManifests(plan, api, { ...canary, trafficRouting, trafficPercent: 5 })

    expect(all.flatMap(manifestProblems)).toEqual([])
    expect(JSON.stringify(all)).toContain('"httpRoute":"shop"')
    expect(JSON.stringify(all)).toContain('"setWeight":5')
  })
})

describe('errorShare()', () => {
  test('errorShare() reads only declared metrics and labels, besides the one that names the version', () => {
    expect(expressionProblems(errorShare('shop'), subject.metrics)).toEqual([])
    expect(expressionProblems(errorShare('shop', 'abc'), subject.metrics)).toEqual(
      Array(3).fill('metric http_request_duration_seconds_count has no label rollouts_pod_template_hash'),
    )
  })

  test.runIf(hasPromtool)('errorShare() gives a share only when enough came, by promtool', async () => {
    const series = (version: string, status: string): string =>
      `http_request_duration_seconds_count{job="shop",rollouts_pod_template_hash="${version}",status_class="${status}"}`
    const cases: [string, Record<string, string>, number[]][] = [
      ['6 % fail', { [series('new', '5xx')]: '0+6x10', [series('new', '2xx')]: '0+94x10' }, [0.06]],
      ['nothing fails', { [series('new', '2xx')]: '0+100x10' }, [0]],
      ['only the old version fails', { [series('new', '2xx')]: '0+10x10', [series('old', '5xx')]: '0+9x10' }, [0]],
      ['too few come', { [series('new', '5xx')]: '0+3x10' }, []],
      ['nothing comes any more', { [series('new', '5xx')]: '7x10', [series('new', '2xx')]: '70x10' }, []],
      ['nothing ever came', {}, []],
    ]
    const tests = cases.map(([name, values, samples]) => ({
      name,
      interval: '1m',
      input_series: Object.entries(values).map(([key, text]) => ({ series: key, values: text })),
      promql_expr_test: [
        {
          expr: `round(${errorShare('shop', 'new')}, 0.0001)`,
          eval_time: '10m',
          exp_samples: samples.map((value) => ({ labels: '{}', value })),
        },
      ],
    }))
    const file = join(await scratchFolder(), 'canary.test.yml')
    await writeFile(file, stringify({ rule_files: [], evaluation_interval: '1m', tests }))

    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })

    expect({ status, output: stdout + stderr }).toMatchObject({ status: 0, output: expect.stringContaining('SUCCESS') })
  })
})
