/** Dead letters chosen and put together, wherever they are kept. */
import type { DeadLetter, Verdict } from './dead-letter.ts'

/** Which dead letters; all given parts must match. */
export interface DeadLetterFilter {
  readonly id?: string
  readonly job?: string
  readonly verdict?: Verdict
  readonly fingerprint?: string
  readonly tenant?: string
}

/** Dead letters that failed alike. */
export interface DeadLetterGroup {
  readonly fingerprint: string
  readonly job: string
  readonly verdict: Verdict
  readonly reason: string
  readonly count: number
  /** ISO-8601. */
  readonly firstDiedAt: string
  /** ISO-8601. */
  readonly lastDiedAt: string
}

/** True when all given parts of the filter are the letter's. */
export function matches(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  return Object.entries(filter).every(
    ([key, value]) => value === undefined || letter[key as keyof DeadLetter] === value,
  )
}

/** Letters, newest first, as groups, largest first. */
export async function groupLetters(
  letters: AsyncIterable<DeadLetter> | Iterable<DeadLetter>,
): Promise<DeadLetterGroup[]> {
  const groups = new Map<string, { -readonly [K in keyof DeadLetterGroup]: DeadLetterGroup[K] }>()
  for await (const { fingerprint, job, verdict, reason, diedAt } of letters) {
    const group = groups.get(fingerprint)
    if (group === undefined) {
      const times = { count: 1, firstDiedAt: diedAt, lastDiedAt: diedAt }
      groups.set(fingerprint, { fingerprint, job, verdict, reason, ...times })
    } else {
      group.count++
      group.firstDiedAt = diedAt
    }
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)
}
