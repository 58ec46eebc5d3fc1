/** The `ops` command without its process: arguments in, text and an exit code out. */
import { readFileSync } from 'node:fs'
import { isOpsError } from '@ops/core'
import { type CliContext, type Command, toJson } from './command/command.ts'
import { commandHelp, groupHelp, overview } from './command/help.ts'
import { findCommand, parseRequest } from './command/parse.ts'
import { auditCommand } from './commands/audit.ts'
import { configCommands } from './commands/config.ts'
import { deadCommands } from './commands/dead.ts'
import { deliveryCommands } from './commands/delivery.ts'
import { explainCommand } from './commands/explain.ts'
import { flagCommands } from './commands/flags.ts'
import { generateCommands } from './commands/generate.ts'

/** All commands, in the order of help. */
export const COMMANDS: readonly Command[] = [
  ...generateCommands,
  explainCommand,
  auditCommand,
  ...configCommands,
  ...deadCommands,
  ...flagCommands,
  ...deliveryCommands,
]

/** What is a finding about the service, not a failure of the command. */
const FINDINGS = ['OPS_CLI_RUNBOOK_MARKERS', 'OPS_CONFIG_INVALID', 'OPS_FLAGS_INVALID']

/** Runs the command. Resolves with the exit code, rejects never. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    const request = parseRequest(args, COMMANDS)
    if (request.kind === 'version') return print(context, `${version()}\n`)
    if (request.kind === 'help') return print(context, helpOn(request.words))
    return await request.command.run({ ...request.call, context } as never)
  } catch (error) {
    return fail(error, args, context)
  }
}

/** @throws UsageError for words that begin no command. */
function helpOn(words: readonly string[]): string {
  const [first] = words
  if (first === undefined) return overview(COMMANDS)
  const group = COMMANDS.filter((command) => command.words.length > 1 && command.words[0] === first)
  return words.length === 1 && group.length > 0 ? groupHelp(first, group) : commandHelp(findCommand(words, COMMANDS))
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

function print(context: CliContext, text: string): 0 {
  context.out(text)
  return 0
}

function fail(error: unknown, args: readonly string[], { out, err, paint }: CliContext): number {
  const message = error instanceof Error ? error.message : String(error)
  const code = isOpsError(error) ? error.code : undefined
  if (args.includes('--json')) out(toJson({ ok: false, error: message, code }))
  else err(`${paint('red', 'error')} ${message}\n`)
  if (code === 'OPS_CLI_USAGE') err('Run ops --help for commands and options\n')
  const isFinding = FINDINGS.includes(code ?? '') || error instanceof RangeError || error instanceof TypeError
  return isFinding ? 1 : 2
}
