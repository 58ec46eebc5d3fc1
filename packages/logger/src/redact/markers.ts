/** What stands in a line for a part that could not be written. */

/** In place of an object that contains itself. */
export const CIRCULAR = '"[Circular]"'

/** In place of `count` values, keys, items or characters left out. */
export function truncated(count: number): string {
  return `[Truncated ${count}]`
}

/** The message of whatever was thrown; never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    if (typeof thrown === 'string') return thrown
    const message: unknown = (thrown as { readonly message?: unknown } | null | undefined)?.message
    return typeof message === 'string' ? message : typeof thrown
  } catch {
    return 'unreadable'
  }
}
