/** Did you mean: names that are one slip away from a declared one. */

/** One edit: a character added, dropped, replaced, or two neighbours swapped. Case and `-`/`.` for `_` count as none. */
export function isOneSlip(given: string, declared: string): boolean {
  const a = normal(given)
  const b = normal(declared)
  if (a === b) return true
  if (Math.min(a.length, b.length) < 5 || Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const left = a.slice(start, a.length - end)
  const right = b.slice(start, b.length - end)
  // DB1_URL beside DB2_URL is a second database, not a slip.
  if (/^\d*$/.test(left) && /^\d*$/.test(right)) return false
  if (left.length <= 1 && right.length <= 1) return true
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0]
}

/** The declared name that `given` is a slip of, or that it carries a prefix before; `NAME_FILE` counts as `NAME`. */
export function tryFindMeant(given: string, declared: Iterable<string>): string | undefined {
  const bare = given.replace(/_FILE$/i, '')
  for (const name of declared) if (isOneSlip(given, name) || isOneSlip(bare, name)) return name
  return undefined
}

/** True for `APP_DATABASE_URL` beside `DATABASE_URL`: the right name behind a prefix. */
export function hasPrefix(given: string, declared: string): boolean {
  return given.length > declared.length + 1 && normal(given).endsWith(`_${declared}`)
}

function normal(name: string): string {
  return name.toUpperCase().replace(/[-.]/g, '_')
}
