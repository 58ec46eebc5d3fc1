/** Everything that is generated, by part. Pure: the same declaration gives the same bytes. */
import { type AlertGroups, alertsOf } from './alerts/alerts.ts'
import { routingExample } from './alerts/routing.ts'
import { ruleTestsFile } from './alerts/rule-tests-file.ts'
import { rulesFile } from './alerts/rules-file.ts'
import type { Artefact } from './artefact.ts'
import { configurationArtefacts } from './configuration.ts'
import { dashboardArtefacts } from './dashboards/dashboards.ts'
import { deployArtefacts } from './deploy/deploy.ts'
import { operatingArtefacts } from './operating/operating.ts'
import { PARTS, type Part } from './parts.ts'
import { keepHandWritten } from './runbooks/hand-written.ts'
import { runbookIndex, runbookPage } from './runbooks/page.ts'
import { pageFileOf } from './runbooks/page-file.ts'
import type { Subject } from './subject.ts'

const MAKERS: Readonly<Record<Part, (subject: Subject, groups: AlertGroups) => readonly Artefact[]>> = {
  env: configurationArtefacts,
  alerts: alertArtefacts,
  runbooks: runbookArtefacts,
  dashboards: dashboardArtefacts,
  deploy: deployArtefacts,
  operations: operatingArtefacts,
}

/**
 * The artefacts of some parts.
 *
 * @throws TypeError or RangeError for bounds that do not fit the metrics.
 */
export function generateArtefacts(subject: Subject, parts: readonly Part[] = PARTS): readonly Artefact[] {
  if (parts.length === 1 && parts[0] === 'deploy' && subject.operations.deploy === undefined)
    throw new TypeError(
      `Cannot generate deploy of ${subject.definition.name}: operations declare no deploy, expected at least baseImage by digest, image and api or worker`,
    )
  const groups = alertsOf(subject)
  return parts.flatMap((part) => MAKERS[part](subject, groups))
}

function alertArtefacts(subject: Subject, groups: AlertGroups): readonly Artefact[] {
  return [
    { path: 'alerts.yml', text: rulesFile(subject, groups) },
    { path: 'alerts.test.yml', text: ruleTestsFile(subject, groups) },
    { path: 'alertmanager.example.yml', text: routingExample(subject) },
  ]
}

function runbookArtefacts(subject: Subject, groups: AlertGroups): readonly Artefact[] {
  const pages = Object.values(groups)
    .flat()
    .map((alert) => ({ alert, file: pageFileOf(alert) }))
  return [
    { path: 'runbooks/README.md', text: runbookIndex(subject, pages) },
    ...pages.map(({ alert, file }): Artefact => {
      const path = `runbooks/${file}`
      const text = runbookPage(subject, alert)
      return { path, text, merge: (existing) => keepHandWritten(text, existing, path) }
    }),
  ]
}
