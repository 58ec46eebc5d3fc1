/** C4, C5 and what else is generated: the committed files are what the declaration says today. */
import { generateArtefacts } from '../artefacts.ts'
import type { Phase } from '../operating/checklist-items.ts'
import { compareOutput, type FileReport } from '../output.ts'
import { type AuditCheck, type AuditScope, count, type Look } from './check.ts'

type Kind = readonly [requirement: string, phase: Phase, what: string, paths: RegExp]

const KINDS: readonly Kind[] = [
  ['C4', 1, '.env.example', /^\.env\.example$/],
  ['C5', 1, 'the registry of settings', /^configuration\./],
  ['A1', 2, 'alerts and their tests', /^alert/],
  ['A2', 2, 'runbooks', /^runbooks\//],
  ['A5', 2, 'dashboards', /^(?:dashboards\/|grafana-)/],
  ['D2', 1, 'image and manifests', /^deploy\//],
  ['D4', 1, 'pages for operators', /^operations\//],
]

/** A check for each kind of generated file, so that a finding names the requirement it is about. */
export const driftChecks: readonly AuditCheck[] = KINDS.map(([requirement, phase, what, paths]) => ({
  requirement,
  phase,
  question: `Committed and in step with the declaration: ${what}`,
  expected: 'what ops generate writes',
  mend: 'Run ops generate and commit what it writes; ops generate --check in the pipeline keeps it so',
  look: async (scope: AuditScope) => lookAt(await reportsOf(scope), paths, scope),
}))

function lookAt(reports: readonly FileReport[], paths: RegExp, { out, project, subject }: AuditScope): Look {
  const fitting = reports.filter(({ path }) => paths.test(path))
  if (fitting.length === 0) return { unchecked: `${subject.definition.name} declares nothing that needs them` }
  const troubles = fitting
    .filter(({ state }) => state !== 'same')
    .map(({ path, state }) => ({ place: `${relativeTo(project.root, out)}/${path}`, found: state }))
  return { evidence: count(fitting.length, 'file'), troubles }
}

const compared = new WeakMap<AuditScope, Promise<readonly FileReport[]>>()

/** Compared once for all kinds. */
function reportsOf(scope: AuditScope): Promise<readonly FileReport[]> {
  const known = compared.get(scope) ?? compareOutput(scope.out, generateArtefacts(scope.subject))
  compared.set(scope, known)
  return known
}

function relativeTo(root: string, path: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path
}
