/** `ops dead …`: the dead letters of a service's queues, by the commands of @ops/queue; the declaration says where and what they are. */
import { type Command, defineCommand, type OptionSpecs, SERVICE_OPTION } from '../command/command.ts'
import { PackageMissingError } from '../errors.ts'
import { redisOf, tryLoadDeclared } from './declared-redis.ts'

const WHERE = {
  ...SERVICE_OPTION,
  queue: { type: 'string', value: 'name', help: 'the queue' },
  redis: {
    type: 'string',
    value: 'url',
    help: 'redis://host:port (default: the setting of the declared Redis, else REDIS_URL)',
  },
} as const
const WHICH = {
  id: { type: 'string', value: 'id', help: 'the one of this id' },
  job: { type: 'string', value: 'name', help: 'those of one job' },
  verdict: { type: 'string', value: 'verdict', help: 'poison, exhausted, permanent, invalid or unknown' },
  fingerprint: { type: 'string', value: 'hex', help: 'those that failed alike: see ops dead groups' },
  tenant: { type: 'string', value: 'name', help: 'those of one tenant' },
} as const
const CHANGE = {
  all: { type: 'boolean', help: 'every dead letter, where none of the above is given' },
  'dry-run': { type: 'boolean', help: 'tell what would happen, change nothing' },
  yes: { type: 'boolean', help: 'do not ask' },
} as const

/** The commands on dead letters. */
export const deadCommands: readonly Command[] = [
  deadCommand('status', {
    summary: 'jobs of all queues by state; with --check exit 1 when any is dead',
    options: { ...WHERE, check: { type: 'boolean', help: 'exit 1 when any is dead' } },
  }),
  deadCommand('list', {
    summary: 'dead letters, newest first',
    options: { ...WHERE, ...WHICH, limit: { type: 'string', value: 'n', help: 'at most so many (default: 100)' } },
  }),
  deadCommand('groups', { summary: 'dead letters that failed alike, with their fingerprint', options: WHERE }),
  deadCommand('show', {
    summary: 'one dead letter, whole',
    operands: '<id>',
    arity: [1, 1],
    options: {
      ...WHERE,
      reveal: { type: 'boolean', help: 'what a cipher encrypted, too' },
      jobs: { type: 'string', value: 'module', help: 'module that exports the jobs and their cipher' },
    },
  }),
  deadCommand('redrive', {
    summary: 'bring dead letters back as new jobs, once their cause is cured',
    details: `Counts first and asks. Payloads are validated by the declared jobs before they come back. A redrive that was cut off
can be repeated: no letter comes back twice. A canary that dies again leaves the rest dead and exits 1.`,
    options: {
      ...WHERE,
      ...WHICH,
      ...CHANGE,
      canary: {
        type: 'string',
        value: 'n',
        help: 'so many first; the rest only when all of them complete (default: 0)',
      },
      rate: { type: 'string', value: 'n', help: 'jobs a second (default: 50)' },
      limit: { type: 'string', value: 'n', help: 'at most so many' },
      payload: { type: 'string', value: 'file', help: 'JSON that replaces the payload of --id' },
      jobs: { type: 'string', value: 'module', help: 'module that exports the jobs, where no service declares them' },
      unchecked: { type: 'boolean', help: 'without jobs: the worker alone validates' },
    },
  }),
  deadCommand('discard', {
    summary: 'forget dead letters and their jobs, for good',
    options: { ...WHERE, ...WHICH, ...CHANGE },
  }),
]

function deadCommand(
  word: string,
  command: Omit<Command, 'words' | 'run'> & { readonly options: OptionSpecs },
): Command {
  return defineCommand({
    ...command,
    words: ['dead', word],
    async run({ values, operands, context }) {
      const { service, ...rest } = values as unknown as Readonly<Record<string, string | boolean | undefined>>
      const declared = await tryLoadDeclared(service as string | undefined)
      const redis = rest['redis'] === undefined && declared !== undefined ? await redisOf(declared, context) : undefined
      const words = word === 'status' ? [word] : ['dead', word]
      const args = [...words, ...optionsOf({ ...rest, ...(redis !== undefined && { redis }) }), '--', ...operands]
      return (await queueCommands(word))(args, {
        ...context,
        name: 'ops',
        jobs: (declared?.definition.jobs ?? []) as never,
      })
    },
  })
}

function optionsOf(values: Readonly<Record<string, string | boolean | undefined>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : typeof value === 'string' ? [`--${name}=${value}`] : [],
  )
}

/** Loaded only here: bullmq and ioredis are the service's, and no other command needs them. @throws PackageMissingError */
async function queueCommands(word: string): Promise<typeof import('@ops/queue/commands').runQueueCommand> {
  try {
    return (await import('@ops/queue/commands')).runQueueCommand
  } catch (error) {
    throw new PackageMissingError(`run ops dead ${word}`, '@ops/queue', error)
  }
}
