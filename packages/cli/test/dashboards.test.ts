import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alertsOf } from '../src/alerts/alerts.ts'
import { dashboardArtefacts, dashboardsOf } from '../src/dashboards/dashboards.ts'
import { dashboardUid } from '../src/dashboards/panel.ts'
import { createSubject } from '../src/subject.ts'
import { scratchFolder } from './run-command.ts'
import service from './service.fixture.ts'
import { fullSubject } from './subject.fixture.ts'

interface GrafanaDashboard {
  readonly uid: string
  readonly panels: readonly { readonly id: number; readonly targets: readonly { expr: string; exemplar: boolean }[] }[]
}

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
const artefacts = dashboardArtefacts(await fullSubject())
const dashboards = artefacts.map(({ text }) => JSON.parse(text) as GrafanaDashboard)
const queries = dashboards.flatMap(({ panels }) => panels.flatMap(({ targets }) => targets))

describe('dashboardArtefacts()', () => {
  test('dashboardArtefacts() makes one for health, each feature, resources and business', () => {
    expect(artefacts.map(({ path }) => path)).toEqual([
      'dashboards/health.json',
      'dashboards/feature-checkout.json',
      'dashboards/feature-default.json',
      'dashboards/resources.json',
      'dashboards/caches.json',
      'dashboards/business.json',
    ])
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(6)
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

  test('dashboardsOf() shows no feature when a service only works off jobs', async () => {
    const { features, metrics, caches, ...worker } = service.definition

    const names = dashboardsOf(await createSubject(worker)).map(({ name }) => name)

    expect([features, metrics, caches]).not.toContain(undefined)
    expect(names).toEqual(['health', 'resources'])
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
