/** What a command of `ops` is: its words, what it takes and what it does; help and parsing follow from it. */

/** An option, as help shows it. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  /** May be given several times. @defaultValue false */
  readonly multiple?: true
  /** What stands for the value in help, such as `folder`. @defaultValue none: a flag */
  readonly value?: string
  /** @defaultValue none */
  readonly default?: string
  readonly help: string
}

/** Options by name. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** The values of options, by the same names. */
export type ValuesOf<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K] extends { readonly multiple: true }
    ? readonly string[]
    : O[K] extends { readonly type: 'boolean' }
      ? boolean
      : O[K] extends { readonly default: string }
        ? string
        : string | undefined
}

/** Where a command reads and writes. */
export interface CliContext {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Colours a text where the output is a terminal. */
  readonly paint: (colour: 'green' | 'red' | 'yellow', text: string) => string
  /** Variables of the process. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asks the person at the terminal. @defaultValue nobody is there: what changes something needs `--yes` */
  readonly confirm?: (question: string) => Promise<boolean>
  /** Stops long work at a good moment. @defaultValue never */
  readonly signal?: AbortSignal
}

/** One invocation. */
export interface Call<O extends OptionSpecs = OptionSpecs> {
  readonly values: ValuesOf<O & typeof EVERYWHERE>
  /** What stood besides the options. */
  readonly operands: readonly string[]
  readonly context: CliContext
}

/** A command of any options. */
export interface Command {
  /** `['config', 'show']`. */
  readonly words: readonly [string, ...string[]]
  /** Half a sentence, for the list. */
  readonly summary: string
  /** What it takes besides options, such as `<a> <b>`. @defaultValue nothing */
  readonly operands?: string
  /** How many operands it takes, at least and at most. @defaultValue none */
  readonly arity?: readonly [least: number, most: number]
  /** More for its own help. @defaultValue nothing */
  readonly details?: string
  readonly options: OptionSpecs
  run(call: Call<never>): Promise<number>
}

/** A command whose values have the types of its options. */
export function defineCommand<const O extends OptionSpecs>(
  command: Omit<Command, 'options' | 'run'> & { readonly options: O; run(call: Call<O>): Promise<number> },
): Command {
  return command as unknown as Command
}

/** Options of every command. */
export const EVERYWHERE = {
  json: { type: 'boolean', help: 'machine-readable output' },
  help: { type: 'boolean', help: 'this text' },
} as const

/** The option of every command that reads a declaration. */
export const SERVICE_OPTION = {
  service: {
    type: 'string',
    value: 'module',
    help: 'module whose default export is defineService({ … }) (default: src/ops.ts, src/ops.js or dist/ops.js)',
  },
} as const

/** `{ … }` over several lines. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each), 2)}\n`
}
