import type { KeyRule } from './key-rules.ts'
import type { KeyBook } from './keys.ts'

/** What writes the parts of a container or an error: the redacting writer, as its helpers see it. */
export interface ValueWriter {
  readonly keys: KeyBook
  /** JSON of a value under the rule of its key; undefined for what JSON leaves out. */
  value(value: unknown, rule: KeyRule): string | undefined
  /** JSON of a text, redacted. */
  string(value: string): string
  /** JSON members of an object, without the braces. */
  members(value: object, rule: KeyRule): string
  /** JSON of the marker for a part that throws. */
  throwsMarker(error: unknown): string
  /** JSON of the message of the last error that was written. */
  errorMessage: string | undefined
}
