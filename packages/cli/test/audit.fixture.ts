/** A project on disk that an audit looks at: the fixture's service, its generated files, and whatever a test adds. */
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { alertsOf } from '../src/alerts/alerts.ts'
import { generateArtefacts } from '../src/artefacts.ts'
import { auditService } from '../src/audit/audit.ts'
import type { AuditScope, Verdict } from '../src/audit/check.ts'
import { openProject } from '../src/audit/project.ts'
import type { Operations } from '../src/operations.ts'
import { compareOutput, writeOutput } from '../src/output.ts'
import { createSubject } from '../src/subject.ts'
import { deployedOperations } from './deploy.fixture.ts'
import { scratchFolder } from './run-command.ts'
import service from './service.fixture.ts'

/** Files by path. */
export type Files = Readonly<Record<string, string>>

/** The service with all that its declaration can answer. */
export const audited: Operations = deployedOperations({
  ingress: { host: 'shop.example.com', controller: 'istio' },
  mesh: 'istio',
})

/** A project of some files; with those that are generated, and known to git, where it is asked for. */
export async function projectWith(
  files: Files = {},
  { git = false, generated = false }: { readonly git?: boolean; readonly generated?: boolean } = {},
): Promise<string> {
  const root = await scratchFolder()
  if (generated) await generateInto(join(root, 'ops'))
  for (const [path, text] of Object.entries({ '.gitignore': 'node_modules\n.env\n', ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  if (git) {
    spawnSync('git', ['init', '--quiet', root])
    spawnSync('git', ['-C', root, 'add', '--all'])
  }
  return root
}

async function generateInto(out: string): Promise<void> {
  const subject = await createSubject(service.definition, audited)
  await writeOutput(out, await compareOutput(out, generateArtefacts(subject)))
}

/** Everything that an audit of the project says; `change` gives it more to look at. */
export async function verdictsOf(root: string, change: Partial<AuditScope> = {}): Promise<readonly Verdict[]> {
  const subject = change.subject ?? (await createSubject(service.definition, audited))
  const report = await auditService({
    subject,
    groups: alertsOf(subject),
    project: openProject(root),
    out: join(root, 'ops'),
    url: undefined,
    token: undefined,
    logs: [],
    environments: undefined,
    ...change,
  })
  return report.verdicts
}

/** What is found under a requirement, as `place: found`. */
export function foundIn(verdicts: readonly Verdict[], requirement: string): string[] {
  return verdicts
    .flatMap(({ findings }) => findings)
    .filter((finding) => finding.requirement === requirement)
    .map(({ place, found }) => (place === undefined ? found : `${place}: ${found}`))
}

/** Whether a question was answered with yes, no, or not at all. */
export function stateOf(verdicts: readonly Verdict[], question: RegExp): Verdict['state'] | undefined {
  return verdicts.find((verdict) => question.test(verdict.question))?.state
}

/** A text of the project's. */
export function textOf(root: string, path: string): Promise<string> {
  return readFile(join(root, path), 'utf8')
}
