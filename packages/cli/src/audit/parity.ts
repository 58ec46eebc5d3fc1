import { compareReadings } from '../config/comparison.ts'
import type { AuditCheck } from './check.ts'

/** C7: staging and production differ in endpoints, secrets and capacity only. */
export const parityCheck: AuditCheck = {
  requirement: 'C7',
  phase: 1,
  question: 'Staging and production differ in endpoints, secrets and capacity only',
  expected: 'the same value, or a declared reason to differ',
  mend: "Make them equal, or declare why they may differ: setting(…, { varies: 'endpoint' | 'capacity' })",
  async look({ subject, environments }) {
    if (environments === undefined) return { unchecked: 'give --staging and --production' }
    const { differences, problems } = await compareReadings(subject.settings, environments, [])
    const drift = differences.filter(({ kind }) => kind === 'drift')
    const sides = environments.map(({ name }) => name).join(' and ')
    return {
      evidence: `${sides}: ${differences.length - drift.length} differ as they may`,
      troubles: [
        ...drift.map(({ name, a, b }) => ({ place: name, found: `${a ?? 'not set'} and ${b ?? 'not set'}` })),
        ...problems.map(({ key, message }) => ({ place: key, found: message, expected: 'a value that fits' })),
      ],
    }
  },
}
