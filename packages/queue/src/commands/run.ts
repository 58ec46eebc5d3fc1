/** The commands without their process: arguments in, text and an exit code out. */
import { type Command, parseCommand } from './arguments.ts'
import { discardLetters, redriveLetters } from './change.ts'
import { type CommandContext, type ExitCode, printable, writeJson } from './context.ts'
import { listGroups, listLetters, showLetter, showStatus } from './inspect.ts'
import { openQueue, openRedis } from './open.ts'

/** What `--help` prints, below the line of usage. */
export const QUEUE_USAGE = `
  status         jobs of one queue, or of all, by state; with --check exit 1 when any is dead
  dead list      dead letters, newest first (--limit 100)
  dead groups    dead letters that failed alike, with their fingerprint
  dead show ID   one dead letter, whole
  dead redrive   bring dead letters back as new jobs
  dead discard   forget dead letters, for good

  --queue NAME         the queue (status: all there are)
  --redis URL          redis://host:port, several with commas between for a Cluster (default: $REDIS_URL)
  --json               machine-readable output
  --yes, -y            do not ask
  --help, -h           this text

Which dead letters: --id ID, --job NAME, --verdict poison|exhausted|permanent|invalid|unknown,
  --fingerprint HEX, --tenant NAME; redrive and discard need one of these, or --all

dead show:
  --reveal             what the cipher encrypted, too

dead redrive:
  --jobs MODULE        exports the jobs (defineJob), so that payloads are validated before they come back;
                       where they are encrypted also cipher (dead show too)
  --unchecked          without --jobs: the worker alone validates
  --dry-run            tells what would happen (discard too)
  --canary N           so many first; the rest only when all of them complete (default: 0)
  --rate N             jobs a second (default: 50)
  --limit N            at most so many
  --payload FILE       JSON that replaces the payload of --id

Exit codes: 0 fine, 1 a finding, 2 wrong usage or nothing to work on.
`

/**
 * Runs one command: `status`, or `dead` with what follows. Opens and closes a connection of its own.
 * Resolves with the exit code, rejects never.
 */
export async function runQueueCommand(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { name = 'ops-queue' } = context
  try {
    const command = parseCommand(args, name)
    if (command !== undefined) return await withRedis(command, context)
    context.out(`Usage: ${name} <command> [options]\n${QUEUE_USAGE}`)
    return 0
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (args.includes('--json')) writeJson(context, { ok: false, error: message })
    else context.err(`${context.paint('red', 'error')} ${printable(message)}\n`)
    if (!args.includes('--json')) context.err(`Run ${name} --help for commands and options\n`)
    return 2
  }
}

async function withRedis(command: Command, context: CommandContext): Promise<ExitCode> {
  const { name, values } = command
  const redis = await openRedis(values, context)
  try {
    if (name === 'status') return await showStatus(redis, values, context)
    const queue = await openQueue(redis, values, context)
    try {
      if (name === 'dead list') return await listLetters(queue, values, context)
      if (name === 'dead groups') return await listGroups(queue, values, context)
      if (name === 'dead show') return await showLetter(queue, command, context)
      if (name === 'dead redrive') return await redriveLetters(queue, values, context)
      return await discardLetters(queue, values, context)
    } finally {
      await queue.close()
    }
  } finally {
    redis.disconnect()
  }
}
