/** What an audit asks, what it may look at, and how an answer is told. */
import type { AlertGroups } from '../alerts/alerts.ts'
import type { Environment } from '../config/environment.ts'
import type { Phase } from '../operating/checklist-items.ts'
import type { Subject } from '../subject.ts'
import type { Project } from './project.ts'

/** Something that is not as the standard demands. */
export interface Finding {
  /** Identifier in the standard, such as `D1`. */
  readonly requirement: string
  /** File and line, address or name; undefined where it is about the whole. */
  readonly place: string | undefined
  /** What there is. Never the text of a secret. */
  readonly found: string
  readonly expected: string
  /** How it is put right. */
  readonly mend: string
}

/** The answer to one question. */
export interface Verdict {
  readonly requirement: string
  readonly phase: Phase
  readonly question: string
  readonly state: 'met' | 'finding' | 'not checked'
  /** What the answer rests on, or why there is none. */
  readonly evidence: string
  readonly findings: readonly Finding[]
}

/** Everything an audit may look at. */
export interface AuditScope {
  readonly subject: Subject
  readonly groups: AlertGroups
  readonly project: Project
  /** The folder of generated files. */
  readonly out: string
  /** Base address of the ops port of a running replica. @defaultValue none is asked */
  readonly url: string | undefined
  /** Bearer token of the ops port. @defaultValue none */
  readonly token: string | undefined
  /** Files of log lines. */
  readonly logs: readonly string[]
  /** Staging and production, in this order. @defaultValue they are not compared */
  readonly environments: readonly [Environment, Environment] | undefined
}

/** One thing out of order, as a check tells it; what it leaves out stands in the check. */
export interface Trouble extends Partial<Omit<Finding, 'place'>> {
  readonly found: string
  readonly place?: string
}

/** What a check saw: troubles, none where all is well, or why it could not look. */
export type Look = { readonly evidence: string; readonly troubles: readonly Trouble[] } | { readonly unchecked: string }

/** A question and how it is answered. */
export interface AuditCheck {
  readonly requirement: string
  readonly phase: Phase
  readonly question: string
  readonly expected: string
  readonly mend: string
  /** Answers this topic of the checklist by what there is, in place of what is declared. @defaultValue none */
  readonly topic?: string
  look(scope: AuditScope): Look | Promise<Look>
}

/** Asks one question. */
export async function judge(check: AuditCheck, scope: AuditScope): Promise<Verdict> {
  const { requirement, phase, question, expected, mend } = check
  const seen = await check.look(scope)
  if ('unchecked' in seen)
    return { requirement, phase, question, state: 'not checked', evidence: seen.unchecked, findings: [] }
  const findings = seen.troubles.map((trouble) => ({ requirement, expected, mend, place: undefined, ...trouble }))
  const state = findings.length === 0 ? 'met' : 'finding'
  return { requirement, phase, question, state, evidence: seen.evidence, findings }
}

/** `1 file`, `2 files`. */
export function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`
}
