/** What the commands need of whoever runs them: the binary of this package, `ops`, or a test. */
import type { Cipher } from '../cipher.ts'
import type { JobDefinition } from '../job-definition.ts'

/** Where text goes, and who answers questions. A context of the `ops` command is one. */
export interface CommandContext {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Colours a text where the output is a terminal. */
  readonly paint: (colour: 'green' | 'red' | 'yellow', text: string) => string
  /** Asks the person at the terminal. @defaultValue nobody is there: what changes something needs `--yes` */
  readonly confirm?: (question: string) => Promise<boolean>
  /** Where `REDIS_URL` is looked up. @defaultValue the process's environment */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Stops long work between two letters. @defaultValue never */
  readonly signal?: AbortSignal
  /** Jobs that payloads are validated by where `--jobs` names no module. @defaultValue none */
  readonly jobs?: readonly JobDefinition[]
  /** What payloads are encrypted by where `--jobs` names no module. @defaultValue none */
  readonly cipher?: Cipher
  /** How the command is called, in messages. @defaultValue 'ops-queue' */
  readonly name?: string
}

/** How work ended: 0 fine, 1 a finding, 2 wrong usage or nothing to work on. */
export type ExitCode = 0 | 1 | 2

/** Writes `value` for machines. */
export function writeJson({ out }: CommandContext, value: unknown): void {
  out(`${JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u2028\u2029]/g, escapeUnit)}\n`)
}

/** Text of jobs on a terminal: control characters, which could rewrite the screen, become visible. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, escapeUnit)
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Rows in columns, the last one as long as it is. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows.map((row) => row.map(printable))]
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return all.map((row) => `${line(row).trimEnd()}\n`).join('')
}
