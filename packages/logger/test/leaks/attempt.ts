import type { OpsLogger } from '../../src/index.ts'

/** The value that must not get out, in attempts that need no shape of their own. */
export const SECRET = 'Zx9-hunter2-Qv7'

/** One try at getting a secret into a line. */
export interface Attempt {
  readonly title: string
  readonly secrets: readonly string[]
  readonly log: (logger: OpsLogger) => void
}

/** An attempt whose secret is {@link SECRET} unless others are named. */
export function attempt(
  title: string,
  log: (logger: OpsLogger) => void,
  secrets: readonly string[] = [SECRET],
): Attempt {
  return { title, secrets, log }
}
