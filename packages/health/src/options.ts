/** Options of health and what they must keep to. */
import type { Clock, Logger, Meter, Random, Scrubber } from '@ops/core'
import type { ServiceIdentity } from './availability.ts'
import type { Check } from './check.ts'
import type { UtilizationGauge } from './heartbeat.ts'
import type { OverloadOptions } from './overload.ts'

/** Groups of checks by name; a name that is a probe's is refused, for liveness and startup ask no dependency. */
export type CheckGroups<Name extends string> = Readonly<Record<string, readonly Name[]>> & {
  readonly livez?: never
  readonly startupz?: never
  readonly readyz?: never
}

/** What {@link createHealth} takes. */
export interface HealthOptions<Checks extends Readonly<Record<string, Check>>> {
  /** Checks by name (lower-case letters, digits, `_` and `-`). @defaultValue none */
  readonly checks?: Checks
  /** Further human views: `/healthz/<group>` shows these checks only. @defaultValue none */
  readonly groups?: CheckGroups<keyof Checks & string>
  /** Shown by `/healthz` to authorised callers. @defaultValue nothing */
  readonly service?: ServiceIdentity
  /**
   * Silence of the main thread from which the worker's `/livez` answers 503, in milliseconds from 500.
   *
   * @defaultValue 3_000
   */
  readonly wedgedAfterMs?: number
  /**
   * Thresholds of overload; `false` never sheds.
   *
   * @defaultValue the defaults of {@link OverloadOptions} where `NODE_ENV` is `production`, else `false`
   */
  readonly overload?: OverloadOptions | false
  /** @defaultValue silentLogger */
  readonly logger?: Logger
  /** @defaultValue noopMeter */
  readonly meter?: Meter
  /** @defaultValue systemClock */
  readonly clock?: Clock
  /** @defaultValue systemRandom */
  readonly random?: Random
  /** Applied to messages of failed checks. @defaultValue none */
  readonly scrubber?: Pick<Scrubber, 'text'>
  /** Measures the event loop. @defaultValue the process's own */
  readonly utilization?: UtilizationGauge
}

const NAME = /^[a-z][a-z0-9_-]{0,63}$/
const PROBES = ['livez', 'startupz', 'readyz']

/** @throws TypeError for a name outside the grammar. */
export function assertCheckName(name: string): void {
  if (!NAME.test(name)) throw new TypeError(`Cannot watch check ${JSON.stringify(name)}: expected ${NAME}`)
}

/** @throws TypeError for names outside the grammar and groups that name no check, RangeError for `wedgedAfterMs`. */
export function assertHealthOptions(options: HealthOptions<Readonly<Record<string, Check>>>): void {
  const { checks = {}, groups = {}, wedgedAfterMs = 3000 } = options
  for (const name of Object.keys(checks)) assertCheckName(name)
  for (const [group, members] of Object.entries(groups as Readonly<Record<string, readonly string[]>>)) {
    if (PROBES.includes(group) || !NAME.test(group)) {
      throw new TypeError(`Cannot create health: group ${JSON.stringify(group)}, expected ${NAME} and no probe's name`)
    }
    const unknown = members.filter((name) => !Object.hasOwn(checks, name))
    if (unknown.length > 0) {
      throw new TypeError(
        `Cannot create health: group ${group} names ${unknown.join(', ')}, expected checks that exist`,
      )
    }
  }
  if (!(wedgedAfterMs >= 500 && wedgedAfterMs <= 2_147_483_647)) {
    throw new RangeError(`Cannot create health: wedgedAfterMs is ${wedgedAfterMs}, expected 500 to 2147483647`)
  }
}
