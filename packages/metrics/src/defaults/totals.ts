import type { BoundCounter } from '@ops/core'

/** Follows a total that something else counts; a fall (a counter that began anew) adds nothing. */
export function totalsOf(counter: BoundCounter): (total: number) => void {
  let last = 0
  return (total) => {
    if (total > last) counter.inc(total - last)
    last = total
  }
}
