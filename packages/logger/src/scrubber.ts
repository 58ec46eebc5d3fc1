import type { Scrubber } from '@ops/core'
import { PLAIN } from './redact/keys.ts'
import { createPolicy, type Policy, type RedactionOptions } from './redact/policy.ts'

/** Options of {@link createScrubber}. */
export type ScrubberOptions = RedactionOptions

/** The scrubber of an existing policy. */
export function scrubberOf(policy: Policy): Scrubber {
  const { writer } = policy
  return {
    text: (value) => JSON.parse(writer.string(value)) as string,
    value(value, key) {
      if (key === undefined && (typeof value === 'boolean' || value === null)) return value
      const json = writer.write(value, key === undefined ? PLAIN : writer.keys.judge(key))
      return json === undefined ? undefined : JSON.parse(json)
    },
  }
}

/**
 * Creates the policy as a port of its own: what spans, events and error reports pass through. Linear in what it is
 * given, bounded by the same caps as a line, never throws.
 *
 * @example
 * const scrubber = createScrubber({ secrets })
 * scrubber.text('password=hunter2') // 'password=[Redacted]'
 */
export function createScrubber(options: ScrubberOptions = {}): Scrubber {
  return scrubberOf(createPolicy(options))
}
