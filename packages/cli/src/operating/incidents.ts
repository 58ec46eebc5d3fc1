/** Pages on incidents: severities, who does what, and what is written afterwards. */
import { list, steps, table } from '../markdown.ts'
import { keptBlock } from '../runbooks/hand-written.ts'
import type { Subject } from '../subject.ts'
import type { OperatingPage } from './document.ts'
import { OBJECTIVES } from './objectives.ts'

const SEVERITIES: readonly (readonly string[])[] = [
  [
    'SEV-1',
    'Users cannot do what the service is for, or data is lost or seen by others',
    '5 min, around the clock',
    'every 30 min',
    'within 5 working days',
  ],
  [
    'SEV-2',
    'An important part fails or is very slow for many; no way around it',
    '15 min, around the clock',
    'every 60 min',
    'within 10 working days',
  ],
  [
    'SEV-3',
    'A part fails for some, or there is a way around it',
    '4 working hours',
    'once a day',
    'where something new is learnt',
  ],
  ['SEV-4', 'A defect without consequences for users yet', 'the next working day', 'in the issue', 'no'],
]

/** What a severity is, and what happens. */
export function incidentPage({ definition }: Subject): OperatingPage {
  const { name, owner, tier, features = [] } = definition
  const { outage } = OBJECTIVES[tier]
  const objectives = features.map(({ name: feature, slo }) => [feature, `${Number((slo * 100).toPrecision(10))} %`])
  return {
    file: 'incidents.md',
    title: 'Incidents',
    summary: `How bad it is, who answers, and what happens. An outage of ${name} (tier ${tier}) is **${outage}**.`,
    sections: [
      [
        'Severities',
        `${table(['severity', 'meaning', 'answered within', 'users are told', 'post-mortem'], SEVERITIES)}

In doubt take the higher one: lowering it later costs nothing. A critical alert is at least SEV-2 until somebody has looked.`,
      ],
      [
        'Objectives at stake',
        objectives.length === 0
          ? 'No feature declares an objective; the alerts of the standard hold.'
          : table(['feature', 'requests that must succeed over 30 days'], objectives),
      ],
      [
        'Roles',
        list([
          `Incident commander: decides, and does nothing else. The first of ${owner} to answer, until somebody takes over aloud.`,
          'Hands: one or two people who look and change. They say what they are about to do before they do it.',
          'Voice: tells users and colleagues, at the times above, also when there is nothing new.',
        ]),
      ],
      [
        'What happens',
        steps([
          'Say aloud in the channel: severity, what users notice, who commands.',
          'Stop the harm first: roll back, switch the feature off, add replicas. The cause can wait.',
          "Follow the alert's runbook (`runbooks/`); write every step and its time into the channel.",
          'No progress after 30 min (SEV-1: 15 min): call the owners of what it depends on, and raise the severity.',
          "It is over when the alert's expression has returned nothing for 10 min and the smoke suite passes.",
          'Open the post-mortem from `post-mortem.md` while it is fresh.',
        ]),
      ],
      [
        'Contacts',
        keptBlock('contacts', 'Pager, chat and whom to call of the services it depends on: not filled in yet.'),
      ],
    ],
  }
}

const QUESTIONS: readonly (readonly [string, string])[] = [
  ['Facts', 'Severity, begin, end, who commanded, which alert told us first (or who did, where none had).'],
  ['Impact', 'How many users, which features, how much of the error budget, what data.'],
  ['What happened', 'A timeline with times in UTC: what was seen, what was done, what it changed.'],
  [
    'Why it could happen',
    'Ask why until the answer is about how we work, not about a person. Several causes are usual.',
  ],
  ['What went well, and where we were lucky', 'What kept it from being worse, by design or by chance.'],
  [
    'What we change',
    'A table: what, who, by when, issue. At least one that would have prevented it or shown it sooner.',
  ],
]

/** The form of a post-mortem: copied for each, so nothing in it is kept. */
export function postMortemPage({ definition }: Subject): OperatingPage {
  return {
    file: 'post-mortem.md',
    title: 'Post-mortem',
    summary: `Copy this page for each incident. It is blameless: people did what made sense with what they knew; we look for what made it make sense. ${definition.owner} reads it together within the days that \`incidents.md\` says.`,
    sections: QUESTIONS.map(([heading, question]) => [heading, `_${question}_`]),
  }
}
