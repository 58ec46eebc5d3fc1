import type { Random } from '@ops/core'

/**
 * Creates a seeded generator: the same seed gives the same sequence on every machine.
 *
 * @throws RangeError when `seed` is not an integer from 0 to 4_294_967_295.
 * @see mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 */
export function createTestRandom(seed = 1): Random {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    throw new RangeError(`Cannot seed a random generator with ${seed}: expected an integer from 0 to 4294967295`)
  }
  let state = seed
  return {
    next() {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}
