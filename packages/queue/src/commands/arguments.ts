/** Arguments of the commands: parsed, and refused with what is allowed instead. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { VERDICTS, type Verdict } from '../dead-letter.ts'
import type { DeadLetterFilter } from '../letter-filter.ts'

const OPTIONS = {
  queue: { type: 'string' },
  redis: { type: 'string' },
  jobs: { type: 'string' },
  id: { type: 'string' },
  job: { type: 'string' },
  verdict: { type: 'string' },
  fingerprint: { type: 'string' },
  tenant: { type: 'string' },
  all: { type: 'boolean' },
  limit: { type: 'string' },
  rate: { type: 'string' },
  canary: { type: 'string' },
  payload: { type: 'string' },
  unchecked: { type: 'boolean' },
  reveal: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  check: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options']

/** Options as they were given. */
export interface Values {
  readonly queue?: string
  readonly redis?: string
  readonly jobs?: string
  readonly id?: string
  readonly job?: string
  readonly verdict?: string
  readonly fingerprint?: string
  readonly tenant?: string
  readonly all?: boolean
  readonly limit?: string
  readonly rate?: string
  readonly canary?: string
  readonly payload?: string
  readonly unchecked?: boolean
  readonly reveal?: boolean
  readonly 'dry-run'?: boolean
  readonly check?: boolean
  readonly yes?: boolean
  readonly json?: boolean
  readonly help?: boolean
}

const ANY = ['redis', 'queue', 'json', 'help'] as const
const FILTER = ['id', 'job', 'verdict', 'fingerprint', 'tenant'] as const

/** Options by command, besides those that all have. */
const COMMANDS: Readonly<Record<CommandName, readonly (keyof Values)[]>> = {
  status: ['check'],
  'dead list': [...FILTER, 'limit'],
  'dead groups': [],
  'dead show': ['reveal', 'jobs'],
  'dead redrive': [...FILTER, 'all', 'limit', 'rate', 'canary', 'payload', 'jobs', 'unchecked', 'dry-run', 'yes'],
  'dead discard': [...FILTER, 'all', 'dry-run', 'yes'],
}

/** Every command's name. */
export type CommandName = 'status' | 'dead list' | 'dead groups' | 'dead show' | 'dead redrive' | 'dead discard'

/** What is to be done. */
export interface Command {
  readonly name: CommandName
  readonly values: Values
  /** The id that `dead show` takes; for others empty. */
  readonly argument: string
}

/**
 * Parses arguments; undefined when help is asked for.
 *
 * @throws TypeError for anything that is no command.
 */
export function parseCommand(args: readonly string[], called: string): Command | undefined {
  const { values, positionals } = parse(args, called)
  if (values.help || positionals[0] === 'help') return undefined
  const words = positionals[0] === 'dead' ? 2 : 1
  const name = positionals.slice(0, words).join(' ')
  const rest = positionals.slice(words)
  if (!isCommand(name)) {
    const known = Object.keys(COMMANDS).join(', ')
    const state = name === '' ? 'no command is given' : `there is no command ${JSON.stringify(name)}`
    throw new TypeError(`Cannot run ${called}: ${state}, expected one of ${known}`)
  }
  const allowed: readonly string[] = [...ANY, ...COMMANDS[name]]
  const foreign = Object.keys(values).find((option) => !allowed.includes(option))
  if (foreign !== undefined)
    throw new TypeError(
      `Cannot run ${called} ${name}: --${foreign} is none of its options, expected --${allowed.join(', --')}`,
    )
  const wanted = name === 'dead show' ? 1 : 0
  if (rest.length !== wanted)
    throw new TypeError(
      `Cannot run ${called} ${name}: ${rest.length} arguments are given, expected ${wanted === 1 ? "a dead letter's id" : 'options only'}`,
    )
  return { name, values, argument: rest[0] ?? '' }
}

function parse(
  args: readonly string[],
  called: string,
): { readonly values: Values; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new TypeError(`Cannot run ${called}: ${(error as Error).message}`)
  }
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

/** The dead letters that are meant. @throws TypeError for an unknown verdict */
export function filterOf({ id, job, verdict, fingerprint, tenant }: Values): DeadLetterFilter {
  if (verdict !== undefined && !VERDICTS.includes(verdict as Verdict))
    throw new TypeError(`Cannot filter by verdict ${verdict}: expected one of ${VERDICTS.join(', ')}`)
  return {
    ...(id === undefined ? {} : { id }),
    ...(job === undefined ? {} : { job }),
    ...(verdict === undefined ? {} : { verdict: verdict as Verdict }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(tenant === undefined ? {} : { tenant }),
  }
}

/** As {@link filterOf}, for what changes letters. @throws TypeError when it would mean all and `--all` was not given */
export function changeFilterOf(values: Values, command: CommandName): DeadLetterFilter {
  const filter = filterOf(values)
  const parts = Object.keys(filter).length
  if (parts === 0 && values.all !== true)
    throw new TypeError(`Cannot ${command} without a filter: expected one of --${FILTER.join(', --')}, or --all`)
  if (parts > 0 && values.all === true)
    throw new TypeError(`Cannot ${command} --all with a filter: expected one of the two`)
  return filter
}

/** A number option. @throws RangeError */
export function numberOf(
  values: Values,
  option: 'limit' | 'rate' | 'canary',
  range: readonly [number, number],
): number | undefined {
  const text = values[option]
  if (text === undefined) return undefined
  const value = Number(text)
  const [min, max] = range
  const whole = option === 'rate' || Number.isInteger(value)
  if (text.trim() === '' || !whole || !(value >= min && value <= max))
    throw new RangeError(`Cannot use --${option} ${text}: expected a number from ${min} to ${max}`)
  return value
}
