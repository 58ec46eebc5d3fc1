import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { alertsOf } from '../src/alerts/alerts.ts'
import type { ProofCase } from '../src/alerts/proof.ts'
import { generateArtefacts } from '../src/artefacts.ts'
import { createSubject } from '../src/subject.ts'
import service from './service.fixture.ts'
import { fullSubject } from './subject.fixture.ts'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'ops-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The generated texts by file. */
async function texts(): Promise<Record<string, string>> {
  return Object.fromEntries(generateArtefacts(await fullSubject()).map(({ path, text }) => [path, text]))
}

function promtool(rules: string, tests: string): { status: number | null; output: string } {
  writeFileSync(join(folder, 'alerts.yml'), rules)
  writeFileSync(join(folder, 'alerts.test.yml'), tests)
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yml'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

/** Tests of one alert alone, and its rule. */
function only(name: string, { 'alerts.yml': rules = '', 'alerts.test.yml': tests = '' }: Record<string, string>) {
  const file = parse(rules) as { groups: { rules: { alert: string; expr: string }[] }[] }
  const all = parse(tests) as { tests: { name: string }[] }
  const groups = file.groups.map((group) => ({ ...group, rules: group.rules.filter(({ alert }) => alert === name) }))
  return {
    rules: { groups: groups.filter((group) => group.rules.length > 0) },
    tests: { ...all, tests: all.tests.filter((each) => each.name.startsWith(`${name} `)) },
  }
}

describe('alertsOf()', () => {
  test('alertsOf() makes every alert of the standard that a declaration can express', async () => {
    const alerts = Object.values(alertsOf(await fullSubject())).flat()

    const told = alerts.map(({ name, severity, respondWithin, forMinutes }) =>
      [name, severity, respondWithin, `${forMinutes}m`].join(' '),
    )
    expect(told).toEqual([
      'CheckoutErrorsWarning warning 30m 5m',
      'CheckoutErrorsCritical critical 5m 5m',
      'CheckoutLatencyP95 warning 30m 5m',
      'CheckoutLatencyP99 warning 30m 10m',
      'CheckoutBudgetBurnFast critical 5m 2m',
      'CheckoutBudgetBurnSteady critical 30m 2m',
      'CheckoutBudgetBurnSlow warning 24h 2m',
      'DefaultErrorsWarning warning 30m 5m',
      'DefaultErrorsCritical critical 5m 5m',
      'DefaultLatencyP95 warning 30m 5m',
      'DefaultLatencyP99 warning 30m 10m',
      'TargetAbsent critical 5m 5m',
      'TargetDown critical 5m 3m',
      'HealthCheckFailing warning 30m 5m',
      'PricingApiUnavailable warning 30m 5m',
      'RedisUnavailable critical 5m 2m',
      'CpuHigh warning 30m 5m',
      'MemoryHigh warning 30m 5m',
      'DiskFilling warning 24h 5m',
      'DiskNearlyFull warning 1h 5m',
      'EventLoopSaturated warning 30m 5m',
      'RestartLoop critical 5m 0m',
      'CertificateExpiring warning 24h 5m',
      'DatabasePoolHigh warning 30m 5m',
      'DatabasePoolExhausted critical 5m 1m',
      'DatabaseUnreachable critical 5m 2m',
      'ShopOrderCacheHitRatioLow warning 30m 10m',
      'ShopOrderCacheLoadsFailing warning 30m 5m',
      'ShopSessionCacheLoadsFailing warning 30m 5m',
      'CacheUnavailable warning 30m 5m',
      'CacheInvalidationsUndelivered warning 30m 5m',
      'CacheInvalidationsLate warning 30m 10m',
      'QueueDepthHigh warning 30m 15m',
      'QueueDepthAboveBound warning 30m 10m',
      'DeadLetters warning 30m 15m',
      'StorageUploadsFailing warning 30m 5m',
      'OrdersTransactionsLow warning 30m 5m',
      'LlmLatencyP95 warning 30m 5m',
      'LlmTokensHigh warning 30m 5m',
      'LlmToolFailures warning 30m 5m',
      'LlmRetrievalsEmpty warning 30m 5m',
      'DeploymentsFailing critical 15m 0m',
    ])
  })

  test('alertsOf() proves every alert with at least four cases, one of which fires and one resolves', async () => {
    const alerts = Object.values(alertsOf(await fullSubject())).flat()

    const thin = alerts.filter(({ proof: { cases } }) => {
      const resolves = cases.some(({ title, fires }) => title === 'resolves' && !fires)
      return cases.length < 4 || !cases.some(({ fires }) => fires) || !resolves
    })
    expect(thin.map(({ name }) => name)).toEqual([])
  })

  test('alertsOf() proves every alert without data, and every share at low traffic too', async () => {
    const alerts = Object.values(alertsOf(await fullSubject())).flat()

    const hasCase = (cases: readonly ProofCase[], is: (each: ProofCase) => boolean): boolean => cases.some(is)
    const blind = alerts.filter(
      ({ proof: { cases } }) => !hasCase(cases, ({ series }) => Object.keys(series).length === 0),
    )
    const shares = alerts.filter(({ expr }) => expr.includes(' / ') && /increase\([^)]*\)\) > (?:5|20)\b/.test(expr))
    const unguarded = shares.filter(({ proof: { cases } }) => !hasCase(cases, ({ title }) => /low traffic/.test(title)))
    expect(blind.map(({ name }) => name)).toEqual([])
    expect(shares.length).toBeGreaterThan(10)
    expect(unguarded.map(({ name }) => name)).toEqual([])
  })

  test('alertsOf() makes no alert on requests when a service only works off jobs', async () => {
    const { features, ...worker } = service.definition

    const groups = alertsOf(await createSubject(worker))

    expect(features).toHaveLength(1)
    expect(Object.keys(groups)).not.toContain('features')
  })

  test('alertsOf() leaves out a burn rate when its share cannot be exceeded', async () => {
    const [feature] = service.definition.features ?? []
    const features = [{ ...(feature as NonNullable<typeof feature>), slo: 0.9 }]

    const alerts = Object.values(alertsOf(await createSubject({ ...service.definition, features }))).flat()

    const burns = alerts.filter(({ name }) => name.includes('Burn')).map(({ name }) => name)
    expect(burns).toEqual(['CheckoutBudgetBurnSteady', 'CheckoutBudgetBurnSlow'])
  })

  test.each([
    [{ llm: { p95Ms: 15_000 } }, 'expected 10 or 20'],
    [{ transactions: [{ name: 'sales', metric: 'sales_total', minPerMinute: 1 }] }, 'count sales_total'],
  ])('alertsOf() throws when a bound does not fit the metrics: %j', async (operations, problem) => {
    const subject = await createSubject(service.definition, operations)

    expect(() => alertsOf(subject)).toThrow(problem)
  })

  test('alertsOf() throws when two features lead to alerts of one name', async () => {
    const [feature] = service.definition.features ?? []
    const features = [feature, feature].map((each) => each as NonNullable<typeof each>)
    const subject = await createSubject({ ...service.definition, features })

    expect(() => alertsOf(subject)).toThrow('CheckoutErrorsWarning: declared twice')
  })
})

describe.runIf(hasPromtool)('promtool', () => {
  test('promtool check rules accepts every rule when it reads the generated file', async () => {
    const { 'alerts.yml': rules = '' } = await texts()
    writeFileSync(join(folder, 'alerts.yml'), rules)

    const output = execFileSync('promtool', ['check', 'rules', 'alerts.yml'], { cwd: folder, encoding: 'utf8' })

    expect(output).toContain('SUCCESS: 42 rules found')
  })

  test('promtool test rules passes every generated case when it runs them', { timeout: 600_000 }, async () => {
    const { 'alerts.yml': rules = '', 'alerts.test.yml': tests = '' } = await texts()

    expect(promtool(rules, tests)).toMatchObject({ status: 0, output: expect.stringContaining('SUCCESS') })
  })

  test.each([
    ['CheckoutErrorsWarning', '> 0.01', '> 0.013', 'fires'],
    ['CheckoutErrorsCritical', '> 0.05', '> 0.04', 'keeps still just below'],
    ['CheckoutErrorsCritical', '> 5', '>= 0', 'keeps still at low traffic'],
    ['CheckoutLatencyP95', '> 20', '> 0', 'keeps still at low traffic'],
    ['CpuHigh', '> 0.8', '> 0.7', 'keeps still just below'],
    ['RestartLoop', '> 3', '> 2', 'keeps still just below'],
    ['DatabaseUnreachable', '> 5', '> 4', 'keeps still just below'],
    ['ShopOrderCacheHitRatioLow', '< 0.6', '< 0.66', 'keeps still just below'],
    ['ShopOrderCacheHitRatioLow', 'or vector(0)', '', 'fires when nothing is ever answered'],
    ['ShopOrderCacheHitRatioLow', '> 20', '> 0', 'keeps still at low traffic'],
    ['ShopOrderCacheLoadsFailing', 'error|timeout', 'error', 'fires'],
    ['CacheUnavailable', '> 0.05', '> 0.04', 'keeps still just below'],
    ['CacheInvalidationsUndelivered', '== 1', '>= 0', 'keeps still just below'],
    ['CacheInvalidationsLate', '> 1', '>= 1', 'keeps still just below'],
    ['DeploymentsFailing', '>= 2', '>= 1', 'keeps still just below'],
    ['StorageUploadsFailing', '> 5', '>= 0', 'keeps still at low traffic'],
    ['OrdersTransactionsLow', 'or vector(0)', 'or vector(100)', 'fires when nothing was ever counted'],
  ])('promtool test rules fails when %s says %s as %s', async (name, from, to, failing) => {
    const { rules, tests } = only(name, await texts())
    const moved = JSON.stringify(rules).replace(from, to)

    const { status, output } = promtool(moved, JSON.stringify(tests))

    expect(moved).not.toBe(JSON.stringify(rules))
    expect(status).toBe(1)
    expect(output).toContain(failing)
  })
})
