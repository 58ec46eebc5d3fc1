/** Help, made of the commands' own declarations: what is not declared is not shown, and nothing is written twice. */
import { type Command, EVERYWHERE, type OptionSpecs } from './command.ts'

const CODES = 'Exit codes: 0 fine, 1 a finding, 2 wrong usage or nothing to work on.\n'

/** The list of all commands. */
export function overview(commands: readonly Command[]): string {
  return `Usage: ops <command> [options]

${columns(commands.map(({ words, operands = '', summary }) => [`${words.join(' ')} ${operands}`.trim(), summary]))}

  ops help <command>   options of one command; also ops <command> --help
  ops --version        version of the command

${CODES}`
}

/** The list of the commands that begin with one word. */
export function groupHelp(word: string, commands: readonly Command[]): string {
  const rows = commands.map(({ words, operands = '', summary }) => [
    `${words.slice(1).join(' ')} ${operands}`.trim(),
    summary,
  ])
  return `Usage: ops ${word} <command> [options]\n\n${columns(rows)}\n\n  ops help ${word} <command>   options of one command\n\n${CODES}`
}

/** All about one command. */
export function commandHelp({ words, operands, summary, details, options }: Command): string {
  const usage = ['ops', ...words, ...(operands === undefined ? [] : [operands]), '[options]'].join(' ')
  const about = `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`
  const paragraphs = [
    `Usage: ${usage}`,
    about,
    ...(details === undefined ? [] : [details.trim()]),
    columns(optionRows({ ...options, ...EVERYWHERE })),
  ]
  return `${paragraphs.join('\n\n')}\n\n${CODES}`
}

function optionRows(options: OptionSpecs): string[][] {
  return Object.entries(options).map(([name, { value, help, default: fallback, multiple }]) => [
    `--${name}${value === undefined ? '' : ` <${value}>`}`,
    `${help}${multiple === true ? ', repeatable' : ''}${fallback === undefined ? '' : ` (default: ${fallback})`}`,
  ])
}

/** Rows in columns as wide as their widest cell, indented by two spaces. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  return rows
    .map(
      (row) => `  ${row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ')}`,
    )
    .map((line) => line.trimEnd())
    .join('\n')
}
