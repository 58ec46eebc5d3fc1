/** Arguments into a command and its values; everything unknown is named, with the name that was probably meant. */
import { parseArgs } from 'node:util'
import { UsageError } from '../errors.ts'
import { type Call, type Command, EVERYWHERE, type OptionSpecs } from './command.ts'
import { meantHint } from './did-you-mean.ts'

/** What was asked for: a command to run, or help on some words. */
export type Request =
  | { readonly kind: 'run'; readonly command: Command; readonly call: Omit<Call, 'context'> }
  | { readonly kind: 'help'; readonly words: readonly string[] }
  | { readonly kind: 'version' }

/** @throws UsageError (`OPS_CLI_USAGE`) for arguments that no command takes. */
export function parseRequest(args: readonly string[], commands: readonly Command[]): Request {
  const { values, positionals, given } = parseAll(args, commands)
  if (values['version'] === true) return { kind: 'version' }
  if (positionals[0] === 'help') return { kind: 'help', words: positionals.slice(1) }
  if (values['help'] === true) return { kind: 'help', words: wordsOf(positionals, commands) }
  const command = findCommand(positionals, commands)
  const operands = positionals.slice(command.words.length)
  assertTaken(command, { operands, given })
  return { kind: 'run', command, call: { operands, values: completed(command, values) as never } }
}

/** The command that the words begin with. @throws UsageError naming those that there are. */
export function findCommand(words: readonly string[], commands: readonly Command[]): Command {
  const found = commands.find((command) => command.words.every((word, at) => words[at] === word))
  if (found !== undefined) return found
  const group = commands.filter((command) => command.words.length > 1 && command.words[0] === words[0])
  const at = group.length > 0 ? 1 : 0
  const known = [...new Set((at === 1 ? group : commands).map((command) => command.words[at] ?? ''))]
  const called = ['ops', ...words.slice(0, at)].join(' ')
  const given = words[at]
  if (given === undefined) throw new UsageError(`Cannot run ${called}: no command, expected one of ${known.join(', ')}`)
  throw new UsageError(
    `Cannot run ${called} ${given}: there is no such command, expected one of ${known.join(', ')}${meantHint(given, known)}`,
  )
}

/** Leading words of a command, operands left out. */
function wordsOf(positionals: readonly string[], commands: readonly Command[]): readonly string[] {
  const [first] = positionals
  if (first === undefined) return []
  const isGroup = commands.some(({ words }) => words.length > 1 && words[0] === first)
  return positionals.slice(0, isGroup ? 2 : 1)
}

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
  /** Names of the options that were given. */
  readonly given: readonly string[]
}

/** Options mean the same in every command, so that they may stand before the command's words too. */
function parseAll(args: readonly string[], commands: readonly Command[]): Parsed {
  const specs: OptionSpecs = Object.assign({}, ...commands.map(({ options }) => options), EVERYWHERE)
  const known = Object.entries(specs).map(
    ([name, { type, multiple = false }]) => [name, { type, multiple, ...(name === 'help' && { short: 'h' }) }] as const,
  )
  const options = { ...Object.fromEntries(known), version: { type: 'boolean' } } as const
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      tokens: true,
    })
    const given = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
    return { values, positionals, given }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    const [, unknown] = (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && /'-+([^']+)'/.exec(message)) || []
    if (unknown === undefined) throw new UsageError(`Cannot run ops: ${message}`)
    throw new UsageError(
      `Cannot run ops: there is no option --${unknown}${meantHint(unknown, Object.keys(options), '--')}`,
    )
  }
}

function assertTaken(
  { words, options, operands: wanted, arity: [least, most] = [0, 0] }: Command,
  { operands, given }: { readonly operands: readonly string[]; readonly given: readonly string[] },
): void {
  const called = `ops ${words.join(' ')}`
  const stranger = given.find((name) => !Object.hasOwn(options, name) && !Object.hasOwn(EVERYWHERE, name))
  if (stranger !== undefined)
    throw new UsageError(
      `Cannot run ${called}: it does not take --${stranger}, expected ${Object.keys({ ...options, ...EVERYWHERE })
        .map((name) => `--${name}`)
        .join(', ')}`,
    )
  if (operands.length >= least && operands.length <= most) return
  const expected = wanted === undefined ? 'options only' : wanted
  const state = operands.length === 0 ? 'nothing is given' : `${operands.join(' ')} is given`
  throw new UsageError(`Cannot run ${called}: ${state}, expected ${expected}`)
}

/** Values of the command's own options, with their defaults. */
function completed({ options }: Command, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const all = Object.entries<OptionSpecs[string]>({ ...options, ...EVERYWHERE })
  return Object.fromEntries(
    all.map(([name, { type, multiple, default: fallback }]) => [
      name,
      values[name] ?? fallback ?? (multiple === true ? [] : type === 'boolean' ? false : undefined),
    ]),
  )
}
