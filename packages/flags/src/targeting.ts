/** Whether a flag is meant for somebody: pure, and the same in every process. */
import type { FlagState } from './state.ts'

/** Whom a flag is evaluated for. */
export interface Target {
  readonly userId?: string | undefined
  /** Organisation (tenant). */
  readonly organisation?: string | undefined
  readonly region?: string | undefined
}

/** A state made quick to ask. */
export interface Rule {
  /** The flag's value for `target`; undefined where the default applies. */
  valueFor(target: Target): boolean | undefined
}

/** Compiles the state of the flag `name`. */
export function createRule(name: string, state: FlagState): Rule {
  const { enabled, value = true, users = [], organisations = [], regions } = state
  const { percentage = users.length + organisations.length === 0 ? 100 : 0 } = state
  const [userSet, organisationSet] = [new Set(users), new Set(organisations)]
  const regionSet = regions === undefined ? undefined : new Set(regions)

  function isMeant({ userId, organisation, region }: Target): boolean {
    if (regionSet !== undefined && (region === undefined || !regionSet.has(region))) return false
    if (userId !== undefined && userSet.has(userId)) return true
    if (organisation !== undefined && organisationSet.has(organisation)) return true
    if (percentage >= 100) return true
    const id = userId ?? organisation
    return id !== undefined && percentage > 0 && bucketOf(name, id) < percentage
  }

  return { valueFor: (target) => (enabled && isMeant(target) ? value : undefined) }
}

/**
 * Where `id` stands in the rollout of `flag`: 0 up to 100, uniform over ids and independent between flags. It depends on nothing
 * else, so whoever is in at 10 % is in at 50 %, in every process.
 *
 * @see https://en.wikipedia.org/wiki/Fowler%E2%80%93Noll%E2%80%93Vo_hash_function (FNV-1a, over UTF-16 units)
 * @see https://github.com/aappleby/smhasher/wiki/MurmurHash3 (fmix32 spreads its bits)
 */
export function bucketOf(flag: string, id: string): number {
  let hash = 0x811c9dc5
  const text = `${flag}\0${id}`
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000) * 100
}
