/** What Acme's services generate from their declarations is committed, in step with them, and of one piece. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createSubject, expressionProblems } from '../../packages/cli/src/index.ts'
import { loadService } from '../../packages/cli/src/load-service.ts'
import { ACME, dashboardsOf, hasRunbook, rulesOf } from './acme.ts'

const OPS = fileURLToPath(new URL('../../packages/cli/src/bin.ts', import.meta.url))
const hasPromtool = spawnSync('promtool', ['--version']).status === 0

describe.each(ACME)('$name', (service) => {
  const { declaration, folder, regenerate } = service
  const rules = rulesOf(service)
  const dashboards = dashboardsOf(service)

  test(`ops generate --check exits 0 (else: ${regenerate})`, () => {
    const args = ['--conditions=@ops/source', OPS, 'generate', '--check', '--service', declaration, '--out', folder]

    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test('every metric and label of every alert and panel is declared in a catalogue', async () => {
    const { definition, operations } = await loadService(declaration)
    const { metrics, missing } = await createSubject(definition, operations)
    const panels = dashboards.flatMap((dashboard) => dashboard.panels.flatMap(({ targets }) => targets))

    const problems = [...rules, ...panels].flatMap(({ expr }) => expressionProblems(expr, metrics))

    expect(missing).toEqual([])
    expect(panels.length).toBeGreaterThan(20)
    expect(problems).toEqual([])
  })

  test('every alert leads to a page of its own and to a dashboard, and says whom it concerns', () => {
    const uids = dashboards.map(({ uid }) => `/d/${uid}`)
    const lost = rules.filter(
      ({ labels, annotations }) =>
        !hasRunbook(service, annotations['runbook_url'] ?? '') ||
        !uids.includes(annotations['dashboard_url'] ?? '') ||
        ['service', 'owner', 'tier', 'severity', 'respond_within'].some((name) => !labels[name]),
    )

    expect(rules.length).toBeGreaterThan(10)
    expect(lost.map(({ alert }) => alert)).toEqual([])
  })

  test.runIf(hasPromtool)(
    'promtool accepts every rule and passes every case of their tests',
    { timeout: 600_000 },
    () => {
      const check = spawnSync('promtool', ['check', 'rules', 'alerts.yml'], { cwd: folder, encoding: 'utf8' })
      const proof = spawnSync('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: folder, encoding: 'utf8' })

      expect(check.stdout + check.stderr).toContain(`SUCCESS: ${rules.length} rules found`)
      expect({ status: proof.status, output: proof.stdout + proof.stderr }).toMatchObject({
        status: 0,
        output: expect.stringContaining('SUCCESS'),
      })
    },
  )
})

test('the dashboards of all services have identities of their own', () => {
  const uids = ACME.flatMap(dashboardsOf).map(({ uid }) => uid)

  expect(new Set(uids).size).toBe(uids.length)
})
