/** The ports between who knows secrets and who must never print them. */

/** Every secret value the process ever held, rotated ones too. */
export interface SecretRegistry {
  /**
   * Remembers `value` for good; values under 4 characters would blank ordinary text and are refused with `false`.
   *
   * @throws what a listener throws, after all of them were told.
   */
  add(value: string): boolean
  /** All values. */
  values(): readonly string[]
  /** Calls `listener` for each value added later. Returns how to stop. */
  onAdd(listener: (value: string) => void): () => void
}

/** One policy for everything that leaves the process: log lines, span attributes, error reports. Never throws. */
export interface Scrubber {
  /** Text without registered secrets, credentials and personal data. */
  text(value: string): string
  /** A plain, JSON-safe copy of any value, redacted by key and by content. */
  value(value: unknown, key?: string): unknown
}

/** Creates an empty registry. */
export function createSecretRegistry(): SecretRegistry {
  const known = new Set<string>()
  const listeners = new Set<(value: string) => void>()
  return {
    add(value) {
      if (value.length < 4) return false
      if (known.has(value)) return true
      known.add(value)
      tellAll(listeners, value)
      return true
    },
    values: () => [...known],
    onAdd(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** One broken listener must not keep the others from learning a secret. */
function tellAll(listeners: ReadonlySet<(value: string) => void>, value: string): void {
  const failures: unknown[] = []
  for (const listener of listeners) {
    try {
      listener(value)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
