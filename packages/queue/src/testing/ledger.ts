/** The ledger checker: whether every job that was accepted ended exactly once, told from what was observed. */

/** What a run observed. */
export interface Ledger {
  /** Ids that enqueue answered. */
  readonly enqueued: readonly string[]
  /** Ids found completed at the end; one each. */
  readonly completed: readonly string[]
  /** Ids found dead at the end; one each. */
  readonly dead: readonly string[]
  /** Starts of attempts in the order they were observed. */
  readonly starts: readonly { readonly id: string; readonly fence: number }[]
  /** Jobs in flight at each fault: so many may run twice. @defaultValue none */
  readonly inFlightAtFaults?: number
}

/** What was wrong; all empty when `holds`. */
export interface LedgerReport {
  readonly holds: boolean
  /** Neither completed nor dead. */
  readonly lost: readonly string[]
  /** Both completed and dead. */
  readonly twice: readonly string[]
  /** Ended though never enqueued. */
  readonly unknown: readonly string[]
  /** Fences that did not rise from one start of a job to the next. */
  readonly fences: readonly string[]
  /** Starts beyond the first of a job. */
  readonly duplicates: number
  /** Duplicates beyond those in flight at the faults. */
  readonly excess: number
}

/** Checks a ledger. */
export function checkLedger({ enqueued, completed, dead, starts, inFlightAtFaults = 0 }: Ledger): LedgerReport {
  const [known, done, buried] = [new Set(enqueued), new Set(completed), new Set(dead)]
  const lost = [...known].filter((id) => !done.has(id) && !buried.has(id))
  const twice = [...done].filter((id) => buried.has(id))
  const unknown = [...done, ...buried].filter((id) => !known.has(id))
  const last = new Map<string, number>()
  const fences: string[] = []
  for (const { id, fence } of starts) {
    if (fence <= (last.get(id) ?? 0)) fences.push(`${id}: ${fence} after ${last.get(id)}`)
    last.set(id, fence)
  }
  const duplicates = starts.length - last.size
  const excess = Math.max(0, duplicates - inFlightAtFaults)
  const holds = [lost, twice, unknown, fences].every((list) => list.length === 0) && excess === 0
  return { holds, lost, twice, unknown, fences, duplicates, excess }
}
