/** Declarations of flags: plain data for code, the command line and documents. */

/** What is known of a flag besides its default. */
export interface FlagOptions {
  /** How it is to be rolled out, in words. @defaultValue none */
  readonly rollout?: string
  /** Day from which the flag is to be gone from the code, `YYYY-MM-DD`. @defaultValue none */
  readonly removeBy?: string
}

/** A declared flag. */
export interface FlagDefinition extends FlagOptions {
  readonly defaultValue: boolean
  readonly description: string
}

/** Declared flags by name. */
export type FlagCatalog = Readonly<Record<string, FlagDefinition>>

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const DAY = /^\d{4}-\d\d-\d\d$/

/** Declares a flag. @throws TypeError for a default that is no boolean, no description, or a day outside the grammar. */
export function flag(defaultValue: boolean, description: string, options: FlagOptions = {}): FlagDefinition {
  if (typeof defaultValue !== 'boolean') {
    throw new TypeError(`Cannot declare a flag: its default is ${JSON.stringify(defaultValue)}, expected true or false`)
  }
  if (typeof description !== 'string' || description === '') {
    throw new TypeError('Cannot declare a flag: it has no description, expected one sentence')
  }
  if (options.removeBy !== undefined && !(DAY.test(options.removeBy) && !Number.isNaN(Date.parse(options.removeBy)))) {
    throw new TypeError(`Cannot declare a flag: removeBy is ${JSON.stringify(options.removeBy)}, expected YYYY-MM-DD`)
  }
  return { defaultValue, description, ...options }
}

/** Returns the catalogue after checking its names. @throws TypeError for one that is not in lower-case kebab form. */
export function defineFlags<const C extends FlagCatalog>(catalog: C): C {
  const wrong = Object.keys(catalog).find((name) => !NAME.test(name))
  if (wrong !== undefined) {
    throw new TypeError(`Cannot declare flag ${JSON.stringify(wrong)}: expected lower-case words joined by -`)
  }
  return catalog
}

/** Names of the flags whose `removeBy` day is before `today` (`YYYY-MM-DD`): what is to be removed from the code. */
export function staleFlags(catalog: FlagCatalog, today: string): string[] {
  return Object.keys(catalog).filter((name) => (catalog[name]?.removeBy ?? '9999-12-31') < today)
}
