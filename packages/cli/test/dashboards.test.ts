import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { alertsOf } from '../src/alerts/alerts.ts'
import { dashboardArtefacts, dashboardsOf } from '../src/dashboards/dashboards.ts'
import { dashboardUid } from '../src/dashboards/panel.ts'
import { createSubject } from '../src/subject.ts'
import { scratchFolder } from './run-command.ts'
import service from './service.fixture.ts'
import { fullSubject } from './subject.fixture.ts'

interface GrafanaDashboard {
  readonly uid: string
  readonly title: string
  readonly links: readonly { readonly type: string; readonly url?: string; readonly tags?: readonly string[] }[]
  readonly panels: readonly { readonly id: number; readonly targets: readonly { expr: string; exemplar: boolean }[] }[]
}

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
const all = dashboardArtefacts(await fullSubject())
const artefacts = all.filter(({ path }) => path.endsWith('.json'))
const dashboards = artefacts.map(({ text }) => JSON.parse(text) as GrafanaDashboard)
const queries = dashboards.flatMap(({ panels }) => panels.flatMap(({ targets }) => targets))

describe('dashboardArtefacts()', () => {
  test('dashboardArtefacts() makes one for health, each feature, resources, caches, business and models', () => {
    expect(artefacts.map(({ path }) => path)).toEqual([
      'dashboards/health.json',
      'dashboards/feature-checkout.json',
      'dashboards/feature-default.json',
      'dashboards/resources.json',
      'dashboards/caches.json',
      'dashboards/business.json',
      'dashboards/ai.json',
    ])
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(7)
    expect(Math.max(...dashboards.map(({ uid }) => uid.length))).toBeLessThanOrEqual(40)
  })

  test('dashboardArtefacts() gives every panel an id of its own and asks for exemplars of histograms', () => {
    for (const { panels } of dashboards) expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(queries.filter(({ expr, exemplar }) => exemplar !== expr.includes('_bucket{'))).toEqual([])
  })

  test('dashboardArtefacts() throws when a query names what no catalogue declares', async () => {
    const subject = await fullSubject()
    const metrics = new Map([...subject.metrics].filter(([name]) => name !== 'service_ready'))

    expect(() => dashboardArtefacts({ ...subject, metrics })).toThrow('metric service_ready is not declared')
  })

  test('dashboardUid() names an existing dashboard when an alert links to it', async () => {
    const links = Object.values(alertsOf(await fullSubject()))
      .flat()
      .map(({ dashboard }) => dashboardUid('shop', dashboard))

    const known = new Set(dashboards.map(({ uid }) => uid))
    expect(links.filter((uid) => !known.has(uid))).toEqual([])
    expect(new Set(links)).toEqual(known)
  })

  test('dashboardsOf() shows jobs in place of requests when a service only works off jobs', async () => {
    const { features, metrics, caches, ...worker } = service.definition

    const shown = dashboardsOf(await createSubject(worker))

    expect([features, metrics, caches]).not.toContain(undefined)
    expect(shown.map(({ name }) => name)).toEqual(['health', 'resources'])
    const [health] = shown
    expect(health?.panels.slice(0, 4).map(({ title }) => title)).toEqual([
      'Attempts',
      'Share of failing attempts',
      'Duration of attempts',
      'Age of the oldest waiting job',
    ])
    expect(JSON.stringify(health)).not.toContain('http_request_duration_seconds')
  })

  test('dashboardsOf() shows calls only when a service calls something by HTTP', async () => {
    const calls = async (dependencies: typeof service.definition.dependencies) => {
      const subject = await createSubject({ ...service.definition, dependencies: dependencies ?? {} })
      return JSON.stringify(dashboardsOf(subject)).includes('dependency_up')
    }

    expect([await calls(service.definition.dependencies), await calls({})]).toEqual([true, false])
  })

  test('dashboardsOf() draws what was promised of a feature across its panels, and the budget beside them', async () => {
    const feature = dashboardsOf(await fullSubject()).find(({ name }) => name === 'feature-checkout')

    const lines = Object.fromEntries(feature?.panels.map(({ title, lines }) => [title, lines]) ?? [])
    expect(lines).toMatchObject({ 'Share of failing requests': [0.01, 0.05], Duration: [0.5, 10] })
    expect(feature?.panels.at(-1)).toMatchObject({
      title: 'Error budget left of 30d',
      queries: [[expect.stringMatching(/\[30d\]\)\) \/ 0\.001$/), 'left']],
    })
  })

  test('dashboardArtefacts() links each dashboard to the others of the service and to its runbooks', () => {
    const links = dashboards.map((dashboard) => dashboard.links)

    expect(new Set(links.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(links[0]).toEqual([
      expect.objectContaining({ type: 'dashboards', tags: ['ops', 'shop'] }),
      expect.objectContaining({ type: 'link', url: 'https://wiki.example.com/shop/runbooks' }),
    ])
  })

  test('dashboardArtefacts() provisions a way from an exemplar to its trace', () => {
    const example = all.find(({ path }) => path === 'grafana-datasources.example.yml')?.text ?? ''

    const { datasources } = parse(example) as { datasources: { uid: string; jsonData?: unknown }[] }

    expect(datasources[0]?.jsonData).toEqual({
      exemplarTraceIdDestinations: [{ name: 'trace_id', datasourceUid: datasources[1]?.uid }],
    })
  })

  test.runIf(hasPromtool)('dashboardArtefacts() writes PromQL when promtool reads every query', async () => {
    const file = join(await scratchFolder(), 'queries.yml')
    const rules = queries.map(({ expr }, at) => ({
      record: `query:number_${at}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }))
    await writeFile(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }))

    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' })

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`)
  })
})
