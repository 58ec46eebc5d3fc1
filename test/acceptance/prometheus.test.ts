/** Acme under a real Prometheus: it loads the generated rules, the dashboards show data, and an alert fires when pricing fails. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '@ops/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fleet, startFleet } from '../../examples/acme/src/demo/fleet.ts'
import { driveTraffic } from '../../examples/acme/src/demo/traffic.ts'
import { runCli } from '../../packages/cli/src/index.ts'
import { ACME, dashboardsOf, hasRunbook, rulesOf } from './acme.ts'
import { type RunningPrometheus, startPrometheus } from './running-prometheus.ts'

const hasPrometheus = ['prometheus', 'promtool'].every((name) => spawnSync(name, ['--version']).status === 0)

/** Nothing here depends on how fast the machine is: this only ends what hangs. */
const PATIENCE_MS = 300_000
/** Seldom enough to leave the processor to those that are asked. */
const PATIENT = { timeoutMs: 180_000, everyMs: 250 } as const

/** Before something is done once more: a few scrapes' worth. More failures than needed would be an alert of their own. */
const LOOKS_TO_GIVE_IT = 40

/** Panels that may have nothing to show after a healthy round, and why; all others must have data. */
const QUIET: readonly (readonly [panel: RegExp, reason: string])[] = [
  [/^orders: default \/ Failing requests$/, 'no route outside checkout failed'],
  [/^pricing: default \//, 'pricing serves nothing but prices'],
  [
    /^orders: what it depends on \/ (?:Attempts that|Run time of attempts)/,
    'orders enqueues jobs; the worker runs them',
  ],
  [/^fulfilment-worker: .+ \/ Attempts that failed/, 'no job fails by itself: the poison one ends its process'],
  [
    /^orders: caches \/ (?:Failed operations|Entries evicted|Completed invalidations|Loaded values that)/,
    'nothing went wrong',
  ],
  [/^pricing: what it depends on \/ 1 when the check is up/, 'pricing declares no check'],
]

/** The part of an audit's answer that is looked at here. */
interface Verdict {
  readonly requirement: string
  readonly state: string
}

describe.runIf(hasPrometheus)('Acme under Prometheus', () => {
  let fleet: Fleet
  let prometheus: RunningPrometheus

  beforeAll(async () => {
    fleet = await startFleet()
    prometheus = await startPrometheus(
      ACME.map(({ name, folder }) => ({ name, opsPort: opsPortOf(name), rules: `${folder}alerts.yml` })),
    )
    const exchanges = await driveTraffic(`http://127.0.0.1:${fleet.ports.orders}`)
    // Refused where a busy machine ran out of the time for a price: then it is placed again, once.
    let isPlaced = exchanges.some(({ what, status }) => what === 'poison' && status === 201)
    // It ends its worker twice before it is a dead letter.
    await sees('max(queue_dead_letters) >= 1', async () => {
      if (!isPlaced) isPlaced = (await order('poison-apple')) === 201
    })
    await sees('up{job="fulfilment-worker"} == 1')
    // A counter's first value is no increase yet, and one that was seen long ago is none any more: each is asked until it counts.
    await sees('increase(worker_jobs_processed_total{job="fulfilment-worker"}[1m]) > 0', () => order('slow-again'))
    await sees('increase(http_requests_total{job="orders",route="__unmatched__"}[1m]) > 0', () => ask('/nowhere'))
    await sees('increase(http_requests_total{job="orders",route="/orders",status="502"}[1m]) > 0', async () => {
      await order('faulty-again')
      return ask('/orders/none')
    })
  }, PATIENCE_MS)

  afterAll(async () => {
    await prometheus?.stop()
    await fleet?.stop()
  }, PATIENCE_MS)

  function opsPortOf(service: string): number {
    const { ordersOps, pricingOps, workerOps } = fleet.ports
    return { orders: ordersOps, pricing: pricingOps }[service] ?? workerOps
  }

  /** Resolves once Prometheus has samples of an expression; `again` is done before the first look, and now and then after. */
  async function sees(expression: string, again: () => Promise<unknown> = async () => {}): Promise<void> {
    let looks = 0
    await waitFor(
      async () => {
        if (looks++ % LOOKS_TO_GIVE_IT === 0) await again()
        return (await prometheus.query(expression)).length > 0
      },
      { ...PATIENT, what: expression },
    )
  }

  /** Resolves once all of these fire. */
  async function fires(wanted: readonly string[]): Promise<void> {
    await waitFor(async () => includesAll(await firing(), wanted), { ...PATIENT, what: wanted.join(', ') })
  }

  /** Asks the orders API; resolves to the status of the answer. */
  async function ask(path: string, init: RequestInit = {}): Promise<number> {
    const headers = { 'x-api-key': 'acme-key', 'content-type': 'application/json' }
    const response = await fetch(`http://127.0.0.1:${fleet.ports.orders}${path}`, { headers, ...init })
    await response.text()
    return response.status
  }

  function order(sku: string): Promise<number> {
    return ask('/orders', { method: 'POST', body: JSON.stringify({ sku, quantity: 1 }) })
  }

  /** Alerts that fire, as `service alert`. */
  async function firing(): Promise<string[]> {
    const alerts = await prometheus.alerts()
    return alerts
      .filter(({ state }) => state === 'firing')
      .map(({ labels }) => `${labels['service']} ${labels['alertname']}`)
  }

  test('Prometheus loads every rule and evaluates it without an error', async () => {
    await waitFor(async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'), PATIENT)
    const rules = await prometheus.rules()

    expect(rules.map(({ name }) => name).sort()).toEqual(
      ACME.flatMap((service) => rulesOf(service).map(({ alert }) => alert)).sort(),
    )
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
  })

  test.each(ACME)('promtool check metrics accepts what $name exposes', async ({ name }) => {
    const text = await (await fetch(`http://127.0.0.1:${opsPortOf(name)}/metrics`)).text()

    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })

    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' })
  })

  test('every query of every dashboard is understood, and every panel that the traffic feeds has data', async () => {
    const empty: string[] = []
    for (const { title, panels } of ACME.flatMap(dashboardsOf))
      for (const panel of panels)
        for (const { expr } of panel.targets) {
          const samples = await prometheus.query(expr.replaceAll('$__rate_interval', '1m'))
          const hasData = samples.some(({ value: [, text] }) => text !== 'NaN')
          if (!hasData) empty.push(`${title} / ${panel.title}`)
        }

    expect(empty.filter((panel) => !QUIET.some(([quiet]) => quiet.test(panel)))).toEqual([])
  })

  test('an exemplar of a request leads to a trace that the collector has', async () => {
    const named = await prometheus.exemplars('http_request_duration_seconds_bucket{job="orders"}')

    const traces = new Set(fleet.collector.spans.map(({ traceId }) => traceId))
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((labels) => traces.has(labels['trace_id'] ?? '')).length).toBeGreaterThan(0)
  })

  test.each(ACME)('ops audit finds nothing in the replica of $name and in the lines that it wrote', async (service) => {
    const lines = [fleet.orders, fleet.pricing, fleet.worker].find(({ name }) => name === service.name)?.lines ?? []
    const folder = mkdtempSync(join(tmpdir(), 'ops-audit-'))
    const logs = join(folder, 'lines.log')
    writeFileSync(logs, lines.map((line) => JSON.stringify(line)).join('\n'))
    let out = ''
    const context = {
      env: {},
      out: (text: string) => void (out += text),
      err: () => {},
      paint: (_: string, text: string) => text,
    }

    const url = `http://127.0.0.1:${opsPortOf(service.name)}`
    const where = ['--service', service.declaration, '--out', service.folder, '--root', service.folder]
    await runCli(['audit', ...where, '--url', url, '--logs', logs, '--json'], context)
    rmSync(folder, { recursive: true })

    const { verdicts } = JSON.parse(out) as { readonly verdicts: readonly Verdict[] }
    const asked = verdicts.filter(({ requirement }) => ['L1', 'L3', 'L4', 'M1', 'H1', 'C6'].includes(requirement))
    const unmet = asked.filter(({ state }) => state !== 'met')
    expect(lines.length).toBeGreaterThan(5)
    expect(asked.length).toBeGreaterThan(6)
    expect(unmet).toEqual([])
  })

  test(
    'CheckoutErrorsCritical, PricingUnavailable and the TargetDown of pricing fire when pricing is made to fail',
    async () => {
      const wanted = ['orders CheckoutErrorsCritical', 'orders PricingUnavailable', 'pricing TargetDown']
      const before = await firing()

      await fleet.pricing.stop()
      const statuses = await Promise.all(Array.from({ length: 40 }, (_, i) => order(`never-seen-${i}`)))
      await fires(wanted)
      const alerts = await prometheus.alerts()

      // The others may be told before: on a machine that is busy enough orders does run out of its 350 ms for a price.
      expect(before).not.toContain('pricing TargetDown')
      expect(new Set(statuses)).toEqual(new Set([502]))
      const critical = alerts.find(({ labels }) => labels['alertname'] === 'CheckoutErrorsCritical')
      expect(critical?.labels).toMatchObject({
        service: 'orders',
        owner: 'team-checkout',
        severity: 'critical',
        respond_within: '5m',
        feature: 'checkout',
      })
      const [orders] = ACME
      expect(orders !== undefined && hasRunbook(orders, critical?.annotations['runbook_url'] ?? '')).toBe(true)
      expect(critical?.annotations['dashboard_url']).toMatch(/^\/d\/ops-[0-9a-f]{20}$/)
    },
    PATIENCE_MS,
  )

  test(
    'the alert on dead letters fires for the poison order',
    async () => {
      await fires(['fulfilment-worker DeadLetters'])

      expect(await prometheus.query('max(queue_dead_letters) == 1')).toHaveLength(1)
    },
    PATIENCE_MS,
  )
})

function includesAll(found: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((each) => found.includes(each))
}
