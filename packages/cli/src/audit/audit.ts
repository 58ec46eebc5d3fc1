/** Audits a service: its declaration, its project, and, where they are given, a replica, log lines and two environments. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CHECKLIST_PATH } from '../operating/checklist.ts'
import { type AuditCheck, type AuditScope, type Finding, judge, type Verdict } from './check.ts'
import { driftChecks } from './drift.ts'
import { imageChecks } from './images.ts'
import { logChecks } from './logs.ts'
import { manifestChecks } from './manifests.ts'
import { parityCheck } from './parity.ts'
import { runningChecks } from './running.ts'
import { declaredVerdicts, type PhaseScore, scoresOf } from './score.ts'
import { secretChecks } from './secrets.ts'
import { tenantKeyCheck } from './tenant-keys.ts'

/** Every check, in the order of the report. */
export const AUDIT_CHECKS: readonly AuditCheck[] = [
  ...secretChecks,
  ...driftChecks,
  parityCheck,
  ...logChecks,
  ...runningChecks,
  ...imageChecks,
  ...manifestChecks,
  tenantKeyCheck,
]

/** What an audit found. */
export interface AuditReport {
  readonly service: string
  readonly scores: readonly PhaseScore[]
  readonly findings: readonly (Finding & Pick<Verdict, 'phase'>)[]
  readonly verdicts: readonly Verdict[]
}

/** Asks everything; what cannot be looked at is told as not checked, never as met. */
export async function auditService(scope: AuditScope): Promise<AuditReport> {
  const seen: Verdict[] = []
  for (const check of AUDIT_CHECKS) seen.push(await judge(check, scope))
  const answered = AUDIT_CHECKS.filter((_, at) => seen[at]?.state !== 'not checked').flatMap(({ topic }) => topic ?? [])
  const verdicts = [...seen, ...declaredVerdicts(scope, new Set(answered))]
  const checklist = await readFile(join(scope.out, CHECKLIST_PATH), 'utf8').catch(() => undefined)
  return {
    service: scope.subject.definition.name,
    scores: scoresOf(verdicts, checklist),
    findings: verdicts.flatMap(({ phase, findings }) => findings.map((finding) => ({ ...finding, phase }))),
    verdicts,
  }
}
