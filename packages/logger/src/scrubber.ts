import type { Scrubber } from '@ops/core'
import { PLAIN } from './redact/keys.ts'
import { createPolicy, type Policy, type RedactionOptions } from './redact/policy.ts'
import { scan } from './redact/scan.ts'

/** Options of {@link createScrubber}. */
export type ScrubberOptions = RedactionOptions

/** Longer text is cut as in a line. */
const MAX_PLAIN = 32_768

/** Text as a line would show it. Most text is clean: the scan alone decides, and the very string is given back. */
function scrubText({ text, writer }: Policy, value: string): string {
  if (value.length <= MAX_PLAIN) {
    const found = scan(value)
    if (!text.isSuspect(value, found)) return value
  }
  return JSON.parse(writer.string(value)) as string
}

/** The scrubber of an existing policy. */
export function scrubberOf(policy: Policy): Scrubber {
  const { writer } = policy
  return {
    text: (value) => scrubText(policy, value),
    value(value, key) {
      if (typeof value === 'boolean' || value === null) return value
      const rule = key === undefined ? PLAIN : writer.keys.judge(key)
      if (typeof value === 'string' && rule.treatment === 'plain') return scrubText(policy, value)
      const json = writer.write(value, rule)
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
