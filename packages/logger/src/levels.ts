/** Which records are written: one level for all, and rules for a component, a tenant or both, which may expire. */
import { type Clock, LOG_LEVELS, type LogLevel, type Timer } from '@ops/core'

/** Where a level applies, for how long, and who asked. */
export interface LevelOptions {
  /** Loggers whose bindings name this `component`. @defaultValue all */
  readonly component?: string | undefined
  /** Work done for this tenant. @defaultValue all */
  readonly tenant?: string | undefined
  /** After how many milliseconds the level reverts; 1 to 2_147_483_647. @defaultValue never */
  readonly ttlMs?: number | undefined
  /** Who asked; goes into the log. @defaultValue unknown */
  readonly by?: string | undefined
}

/** A level in force. */
export interface LevelRule {
  readonly level: LogLevel
  readonly component: string | undefined
  readonly tenant: string | undefined
  /** When it reverts, milliseconds since the epoch. */
  readonly expiresAt: number | undefined
  readonly by: string | undefined
}

/** All levels in force. */
export interface LevelReport {
  readonly level: LogLevel
  readonly rules: readonly LevelRule[]
}

/** A change of a level, for the log. */
export interface LevelChange extends LevelRule {
  readonly from: LogLevel
  readonly reverted: boolean
}

/** Rank of a level, 0 for debug. @throws TypeError for anything else. */
function parseLevel(level: unknown): number {
  const rank = (LOG_LEVELS as readonly unknown[]).indexOf(level)
  if (rank < 0)
    throw new TypeError(`Cannot use log level ${JSON.stringify(level)}: expected one of ${LOG_LEVELS.join(', ')}`)
  return rank
}

const MAX_RULES = 1000
const MAX_TTL_MS = 2_147_483_647

interface ActiveRule extends LevelRule {
  readonly rank: number
  readonly timer: Timer | undefined
}

function assertTtl(ttlMs: number | undefined): void {
  if (ttlMs === undefined || (Number.isFinite(ttlMs) && ttlMs >= 1 && ttlMs <= MAX_TTL_MS)) return
  throw new RangeError(`Cannot set a log level for ttlMs ${ttlMs}: expected 1 to ${MAX_TTL_MS} milliseconds`)
}

/** Options of {@link Levels}. */
export interface LevelsOptions {
  readonly level: LogLevel
  readonly clock: Clock
  /** True when records below the level are wanted too: a flight recorder keeps them. */
  readonly keepAll: boolean
  readonly onChange: (change: LevelChange) => void
}

/** The levels of one logger and all its children. */
export class Levels {
  /** Lower ranks are written nowhere: the only thing a discarded record looks at. */
  floor: number
  /** True while rules other than the default exist. */
  scoped = false
  #rank: number
  #revert:
    | { readonly timer: Timer; readonly rank: number; readonly expiresAt: number; readonly by: string | undefined }
    | undefined
  readonly #rules = new Map<string, ActiveRule>()
  readonly #keepAll: boolean
  readonly #clock: Clock
  readonly #onChange: (change: LevelChange) => void

  constructor(options: LevelsOptions) {
    this.#rank = parseLevel(options.level)
    this.#keepAll = options.keepAll
    this.floor = this.#rank
    this.#clock = options.clock
    this.#onChange = options.onChange
    this.#settle()
  }

  /** The most telling of the rank for this component and tenant: both, then component, then tenant, then the default. */
  rankOf(component: string | undefined, tenant: string | undefined): number {
    if (!this.scoped) return this.#rank
    const rules = this.#rules
    const rule =
      rules.get(keyOf(component, tenant)) ??
      rules.get(keyOf(component, undefined)) ??
      rules.get(keyOf(undefined, tenant))
    return rule?.rank ?? this.#rank
  }

  /** @throws TypeError for an unknown level, RangeError for a `ttlMs` out of range or too many rules. */
  set(level: LogLevel, options: LevelOptions = {}): void {
    const rank = parseLevel(level)
    assertTtl(options.ttlMs)
    if (options.component === undefined && options.tenant === undefined) this.#setDefault(rank, options)
    else this.#setRule(level, rank, options)
    this.#settle()
  }

  report(): LevelReport {
    const rules = [...this.#rules.values()].map(({ level, component, tenant, expiresAt, by }) => ({
      level,
      component,
      tenant,
      expiresAt,
      by,
    }))
    return { level: LOG_LEVELS[this.#rank] as LogLevel, rules }
  }

  /** Stops all timers; levels stay as they are. */
  close(): void {
    this.#revert?.timer.cancel()
    for (const { timer } of this.#rules.values()) timer?.cancel()
  }

  #expiry({ ttlMs }: LevelOptions): number | undefined {
    return ttlMs === undefined ? undefined : this.#clock.now() + ttlMs
  }

  #setDefault(rank: number, options: LevelOptions): void {
    const { ttlMs, by } = options
    const from = this.#rank
    // A second temporary level reverts to what was there before the first.
    const before = this.#revert?.rank ?? from
    this.#revert?.timer.cancel()
    this.#revert = undefined
    this.#rank = rank
    const expiresAt = this.#expiry(options)
    const scope = { component: undefined, tenant: undefined, by }
    if (ttlMs !== undefined && expiresAt !== undefined) {
      const revert = (): void => {
        this.#revert = undefined
        this.#rank = before
        this.#settle()
        this.#report({ ...scope, level: before, from: rank, expiresAt: undefined, reverted: true })
      }
      this.#revert = { timer: this.#clock.setTimeout(revert, ttlMs), rank: before, expiresAt, by }
    }
    this.#settle()
    this.#report({ ...scope, level: rank, from, expiresAt, reverted: false })
  }

  #setRule(level: LogLevel, rank: number, options: LevelOptions): void {
    const { component, tenant, ttlMs, by } = options
    const key = keyOf(component, tenant)
    const old = this.#rules.get(key)
    if (old === undefined && this.#rules.size >= MAX_RULES) {
      throw new RangeError(`Cannot set another log level rule: ${MAX_RULES} exist, expected fewer`)
    }
    const from = this.rankOf(component, tenant)
    old?.timer?.cancel()
    const expiresAt = this.#expiry(options)
    const expire = (): void => {
      this.#rules.delete(key)
      this.#settle()
      const level = this.rankOf(component, tenant)
      this.#report({ component, tenant, by, level, from: rank, expiresAt: undefined, reverted: true })
    }
    const timer = ttlMs === undefined ? undefined : this.#clock.setTimeout(expire, ttlMs)
    this.#rules.set(key, { level, rank, component, tenant, expiresAt, by, timer })
    this.#settle()
    this.#report({ component, tenant, by, level: rank, from, expiresAt, reverted: false })
  }

  #settle(): void {
    this.scoped = this.#keepAll || this.#rules.size > 0
    this.floor = this.#keepAll ? 0 : Math.min(this.#rank, ...Array.from(this.#rules.values(), ({ rank }) => rank))
  }

  #report(change: Omit<LevelChange, 'level' | 'from'> & { readonly level: number; readonly from: number }): void {
    this.#onChange({
      ...change,
      level: LOG_LEVELS[change.level] as LogLevel,
      from: LOG_LEVELS[change.from] as LogLevel,
    })
  }
}

function keyOf(component: string | undefined, tenant: string | undefined): string {
  return `${component ?? ''}\n${tenant ?? ''}`
}
