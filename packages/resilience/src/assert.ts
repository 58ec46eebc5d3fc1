/** @throws RangeError when `value` is no number from `min` to `max`; `what` and `option` name it. */
export function assertNumber(what: string, option: string, value: number, min: number, max: number): void {
  if (typeof value === 'number' && value >= min && value <= max) return
  throw new RangeError(`Cannot create ${what}: ${option} is ${value}, expected ${min} to ${max}`)
}

/** @throws RangeError when `value` is no whole number from `min` to `max`; `what` and `option` name it. */
export function assertInteger(what: string, option: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new RangeError(`Cannot create ${what}: ${option} is ${value}, expected a whole number from ${min} to ${max}`)
}

/** @throws TypeError when `name` is no text. */
export function assertName(what: string, name: unknown): asserts name is string {
  if (typeof name === 'string' && name !== '') return
  throw new TypeError(`Cannot create ${what}: name is ${JSON.stringify(name)}, expected text`)
}
