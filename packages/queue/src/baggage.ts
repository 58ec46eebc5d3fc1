/** Baggage in the envelope: only the entries that a queue names, so that nothing travels to other services by accident. */
import { type Context, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import { currentContext } from '@ops/core'

/** Longest value that travels, in characters: longer ones stay behind. */
const MAX_VALUE = 256
/** Most entries a queue may name. */
const MAX_ENTRIES = 16
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/

/** @throws TypeError for a name that W3C baggage cannot have, RangeError for too many */
export function assertBaggage(queue: string, names: readonly string[]): void {
  if (names.length > MAX_ENTRIES)
    throw new RangeError(
      `Cannot create queue ${queue}: baggage has ${names.length} names, expected at most ${MAX_ENTRIES}`,
    )
  const wrong = names.find((name) => !NAME.test(name))
  if (wrong !== undefined)
    throw new TypeError(
      `Cannot create queue ${queue}: baggage names ${JSON.stringify(wrong)}, expected a name like ${NAME}`,
    )
}

/** Entries of the running context that may travel; undefined when there are none. */
export function pickBaggage(names: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (names.length === 0) return undefined
  const context = currentContext()
  const baggage = context && propagation.getBaggage(context)
  if (baggage === undefined) return undefined
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = baggage.getEntry(name)?.value
    if (value !== undefined && value.length <= MAX_VALUE) picked[name] = value
  }
  return Object.keys(picked).length === 0 ? undefined : picked
}

/** What a handler's context starts from. The list holds at this end, too: the job may come from elsewhere. */
export function baggageContext(carried: unknown, names: readonly string[]): Context {
  if (typeof carried !== 'object' || carried === null) return ROOT_CONTEXT
  const known = Object.entries(carried).filter(
    ([name, value]) => names.includes(name) && typeof value === 'string' && value.length <= MAX_VALUE,
  )
  if (known.length === 0) return ROOT_CONTEXT
  const entries = Object.fromEntries(known.map(([name, value]) => [name, { value: value as string }]))
  return propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries))
}
