/** D5: the phase model, scored: what the declaration answers, what people ticked, and what the audit saw. */
import { boxesIn, PHASES } from '../operating/checklist.ts'
import { answersOf, HAND_ITEMS, type Item, type Phase } from '../operating/checklist-items.ts'
import type { AuditScope, Finding, Verdict } from './check.ts'

/** How far a service is. */
export interface PhaseScore {
  readonly phase: Phase
  readonly title: string
  readonly met: number
  /** Questions in all, those that nobody could look at left out. */
  readonly of: number
  readonly notChecked: number
  /** Boxes that people have not ticked. */
  readonly unticked: number
}

/** What to declare, by requirement, where the declaration's answer is no. */
const DECLARE: Readonly<Record<string, string>> = {
  A1: 'Install the packages that are named beside @ops/cli, and generate again',
  A2: 'Declare operations.runbookBaseUrl, and publish the runbooks there',
  A4: 'Declare features with their objectives, or jobs',
  A5: 'Declare operations.grafanaUrl and runbookBaseUrl',
  C1: 'Name the setting of every dependency: dependencies.<name>.setting',
  C3: 'Declare them with secret() instead of setting()',
  C4: 'Describe every setting: setting(schema, description)',
  D1: 'Declare operations.deploy',
  D2: 'Declare operations.deploy, and labels project and cost-center',
  H2: 'Declare checks: what the service cannot work without',
  H4: 'Declare operations.deploy.canary and operations.smoke',
  N1: 'Declare operations.deploy.ingress and mesh; where others encrypt, say so in the checklist',
}

/** Answers of the declaration as verdicts; those that the audit answers by what there is stand back. */
export function declaredVerdicts({ subject, groups }: AuditScope, answered: ReadonlySet<string>): readonly Verdict[] {
  return answersOf(subject, groups)
    .filter(({ topic }) => topic === undefined || !answered.has(topic))
    .map((item) => ({
      requirement: item.id,
      phase: item.phase,
      question: item.question,
      state: item.answer ? 'met' : 'finding',
      evidence: item.evidence,
      findings: item.answer ? [] : [declaredFinding(item)],
    }))
}

function declaredFinding({ id, question, evidence }: Item): Finding {
  const mend = DECLARE[id] ?? 'Declare it'
  return { requirement: id, place: 'declaration', found: evidence, expected: question, mend }
}

/** The score of both phases; `checklist` is the committed page, where there is one. */
export function scoresOf(verdicts: readonly Verdict[], checklist: string | undefined): readonly PhaseScore[] {
  return PHASES.map(([phase, title]) => {
    const asked = verdicts.filter((verdict) => verdict.phase === phase)
    const looked = asked.filter(({ state }) => state !== 'not checked')
    const generated = HAND_ITEMS.filter((item) => item.phase === phase).length
    const [ticked, boxes] = checklist === undefined ? [0, generated] : boxesIn(checklist, phase)
    return {
      phase,
      title,
      met: looked.filter(({ state }) => state === 'met').length + ticked,
      of: looked.length + boxes,
      notChecked: asked.length - looked.length,
      unticked: boxes - ticked,
    }
  })
}
