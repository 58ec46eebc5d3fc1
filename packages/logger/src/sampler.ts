/** Thins out lines of one level and message: the first few of a period, then each nth; what was left out is summed up. */
import { type Clock, LOG_LEVELS, type Timer } from '@ops/core'

/** How often one message of a level may come. */
export interface SampleRule {
  /** Lines of a period that are always written; an integer from 0. */
  readonly first: number
  /** After those, each nth is written; an integer from 1; 0 writes none. */
  readonly thereafter: number
  /** Length of the period in milliseconds; 1 to 3_600_000. */
  readonly perMs: number
}

/** Rules by level. Errors are never thinned out. */
export type SampleOptions = Readonly<Partial<Record<'debug' | 'info' | 'warn', SampleRule>>>

/** Told about what was left out in a period. */
export type OnSummary = (rank: number, message: string, suppressed: number) => void

/** Messages come from callers: beyond this many in a period, the rest of a level is counted as one. */
const MAX_MESSAGES = 1000
const REST = '(other messages)'

interface Tally {
  seen: number
  suppressed: number
}

class LevelSampler {
  readonly #rule: SampleRule
  readonly #clock: Clock
  readonly #summarise: (message: string, suppressed: number) => void
  #tallies = new Map<string, Tally>()
  #timer: Timer | undefined

  constructor(rule: SampleRule, clock: Clock, summarise: (message: string, suppressed: number) => void) {
    this.#rule = rule
    this.#clock = clock
    this.#summarise = summarise
  }

  allows(message: string): boolean {
    this.#timer ??= this.#clock.setTimeout(() => this.settle(), this.#rule.perMs)
    const { first, thereafter } = this.#rule
    const tally = this.#tally(message)
    tally.seen++
    if (tally.seen <= first || (thereafter > 0 && (tally.seen - first) % thereafter === 0)) return true
    tally.suppressed++
    return false
  }

  /** Ends the period. */
  settle(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const tallies = this.#tallies
    this.#tallies = new Map()
    for (const [message, { suppressed }] of tallies) if (suppressed > 0) this.#summarise(message, suppressed)
  }

  #tally(message: string): Tally {
    const key = this.#tallies.size >= MAX_MESSAGES && !this.#tallies.has(message) ? REST : message
    let tally = this.#tallies.get(key)
    if (tally === undefined) this.#tallies.set(key, (tally = { seen: 0, suppressed: 0 }))
    return tally
  }
}

/** Decides which lines are written. */
export interface Sampler {
  /** False for a line to leave out. */
  allows(rank: number, message: string): boolean
  /** Ends all periods now, summing up. */
  settle(): void
}

function assertRule(level: string, { first, thereafter, perMs }: SampleRule): void {
  const sound = Number.isInteger(first) && first >= 0 && Number.isInteger(thereafter) && thereafter >= 0
  if (sound && Number.isFinite(perMs) && perMs >= 1 && perMs <= 3_600_000) return
  throw new RangeError(
    `Cannot sample ${level} by { first: ${first}, thereafter: ${thereafter}, perMs: ${perMs} }: expected integers >= 0 and perMs 1 to 3_600_000`,
  )
}

/** Creates a sampler. @throws RangeError for a rule out of range, TypeError for a level that is never sampled. */
export function createSampler(options: SampleOptions, clock: Clock, onSummary: OnSummary): Sampler {
  const samplers: (LevelSampler | undefined)[] = []
  for (const [level, rule] of Object.entries(options)) {
    const rank = (LOG_LEVELS as readonly string[]).indexOf(level)
    if (rank < 0 || rank > 2) throw new TypeError(`Cannot sample level ${level}: expected debug, info or warn`)
    if (rule === undefined) continue
    assertRule(level, rule)
    samplers[rank] = new LevelSampler(rule, clock, (message, suppressed) => onSummary(rank, message, suppressed))
  }
  return {
    allows: (rank, message) => samplers[rank]?.allows(message) ?? true,
    settle: () => {
      for (const sampler of samplers) sampler?.settle()
    },
  }
}
