import { statfs } from 'node:fs/promises'
import { type Check, type CheckImpact, type CheckPolicy, check } from './check.ts'

/** Options of {@link diskCheck}. */
export type DiskCheckOptions = CheckPolicy &
  CheckImpact & {
    /** Used share of the file system from which the check fails, 0 to 1. */
    readonly maxRatio: number
    /** @defaultValue 30_000 */
    readonly everyMs?: number
    /** @defaultValue 2_000 */
    readonly timeoutMs?: number
  }

/**
 * Declares a check that fails when the file system of `path` is fuller than `maxRatio`, as `df` reckons it.
 *
 * @throws RangeError, TypeError as {@link check}.
 */
export function diskCheck(path: string, options: DiskCheckOptions): Check {
  const { maxRatio, everyMs = 30_000, timeoutMs = 2000 } = options
  if (!(maxRatio > 0 && maxRatio <= 1)) {
    throw new RangeError(`Cannot declare disk check of ${path}: maxRatio is ${maxRatio}, expected more than 0 to 1`)
  }
  return check(() => assertRoom(path, maxRatio), { ...options, everyMs, timeoutMs })
}

async function assertRoom(path: string, maxRatio: number): Promise<void> {
  const { blocks, bfree, bavail } = await statfs(path)
  const used = blocks - bfree
  const ratio = used + bavail === 0 ? 0 : used / (used + bavail)
  if (ratio > maxRatio)
    throw new Error(`${path} is ${(ratio * 100).toFixed(1)} % full, expected at most ${maxRatio * 100} %`)
}
