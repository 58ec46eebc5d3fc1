/** The report of an audit, for a terminal and as a page. */
import type { CliContext } from '../command/command.ts'
import { columns } from '../command/help.ts'
import { table } from '../markdown.ts'
import type { AuditReport } from './audit.ts'
import type { Verdict } from './check.ts'
import type { PhaseScore } from './score.ts'

/** For people at a terminal: findings first, the score last, where it is still to be seen. */
export function auditText({ findings, verdicts, scores }: AuditReport, paint: CliContext['paint']): string {
  const found = findings.map(({ requirement, place, found: what, expected, mend }) =>
    [
      `${paint('red', requirement)} ${place === undefined ? what : `${place}: ${what}`}`,
      `   expected ${expected}`,
      `   mend     ${mend}`,
      '',
    ].join('\n'),
  )
  const unchecked = verdicts.filter(({ state }) => state === 'not checked')
  const rows = unchecked.map(({ requirement, question, evidence }) => [requirement, question, evidence])
  return [
    ...found,
    ...(rows.length === 0 ? [] : [`not checked\n${columns(rows)}\n`]),
    `${columns(scores.map(scoreRow))}\n`,
  ].join('\n')
}

function scoreRow({ title, met, of, notChecked, unticked }: PhaseScore): string[] {
  return [title, `${met} of ${of} met`, `${unticked} for people to tick`, `${notChecked} not checked`]
}

/** The same as a page to keep beside the service. */
export function auditMarkdown({ service, findings, verdicts, scores }: AuditReport): string {
  const sections = findings.map(({ requirement, place, found, expected, mend }) =>
    [requirement, place ?? '', found, expected, mend].map(plain),
  )
  const asked = verdicts.map(({ requirement, phase, question, state, evidence }) =>
    [requirement, String(phase), question, STATES[state], evidence].map(plain),
  )
  return `${[
    `# Audit of ${service}`,
    table(
      ['phase', 'met', 'for people to tick', 'not checked'],
      scores.map(({ title, met, of, unticked, notChecked }) => [
        title,
        `${met} of ${of}`,
        String(unticked),
        String(notChecked),
      ]),
    ),
    '## Findings',
    sections.length === 0 ? 'None.' : table(['requirement', 'where', 'found', 'expected', 'mend'], sections),
    '## What was asked',
    table(['requirement', 'phase', 'question', 'answer', 'from'], asked),
  ].join('\n\n')}\n`
}

const STATES: Readonly<Record<Verdict['state'], string>> = {
  met: 'yes',
  finding: '**no**',
  'not checked': 'not checked',
}

/** A cell is one line, and shows angle brackets. */
function plain(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('<', '&lt;')
}
