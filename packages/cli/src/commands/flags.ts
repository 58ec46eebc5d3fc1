/** `ops flags …`: who gets a feature, who said so and why, and which flags are to be cleared away. */
import { systemClock } from '@ops/core'
import type { FlagChange, FlagState } from '@ops/flags'
import { type CliContext, type Command, defineCommand, SERVICE_OPTION, toJson } from '../command/command.ts'
import { meantHint } from '../command/did-you-mean.ts'
import { columns } from '../command/help.ts'
import { UsageError } from '../errors.ts'
import { type FlagsOfService, withFlags } from '../flags/open-store.ts'
import { audienceOf, type FlagView, type Known, staleOf, viewsOf } from '../flags/view.ts'

const WHERE = {
  ...SERVICE_OPTION,
  redis: {
    type: 'string',
    value: 'url',
    help: 'redis://host:port (default: the setting of the declared Redis, else REDIS_URL)',
  },
  name: { type: 'string', value: 'name', help: 'first part of the keys, as given to redisFlags', default: 'flags' },
} as const

const list = defineCommand({
  words: ['flags', 'list'],
  summary: 'all flags, declared or stored: who gets them, and who said so last',
  options: WHERE,
  run: ({ values, context }) =>
    withFlags(values, context, async (flags) => {
      const views = viewsOf(await readAll(flags))
      if (values.json) return print(context, toJson({ ok: true, flags: views }))
      if (views.length === 0) return print(context, 'There are no flags\n')
      return print(context, `${columns([['FLAG', 'WHO GETS IT', 'DEFAULT', 'CHANGED'], ...views.map(rowOf)])}\n`)
    }),
})

const show = defineCommand({
  words: ['flags', 'show'],
  operands: '<flag>',
  arity: [1, 1],
  summary: 'one flag: its declaration, its state, its last changes',
  options: WHERE,
  run: ({ values, operands: [flag = ''], context }) =>
    withFlags(values, context, async (flags) => {
      const known = await readAll(flags)
      const view = viewsOf(known).find((one) => one.flag === flag)
      if (view === undefined) throw unknownFlag('show', flag, known)
      const changes = known.history.filter((change) => change.flag === flag).slice(0, 5)
      if (values.json) return print(context, toJson({ ok: true, ...view, changes }))
      return print(context, describe(view, changes))
    }),
})

const set = defineCommand({
  words: ['flags', 'set'],
  operands: '<flag>',
  arity: [1, 1],
  summary: 'say who gets a flag; every process follows at once',
  details: `What is given is the whole state: a list that is left out is empty. Lists and percentage widen each other, regions narrow
all of them; with neither list nor percentage everybody gets it.`,
  options: {
    ...WHERE,
    on: { type: 'boolean', help: 'those who are meant get it' },
    off: { type: 'boolean', help: 'everybody gets the default' },
    false: { type: 'boolean', help: 'with --on: those who are meant get false instead of true' },
    percentage: { type: 'string', value: 'n', help: 'share of users, 0 to 100; whoever is in stays in when it grows' },
    user: { type: 'string', multiple: true, value: 'id', help: 'a user who gets it' },
    organisation: { type: 'string', multiple: true, value: 'id', help: 'an organisation (tenant) that gets it' },
    region: { type: 'string', multiple: true, value: 'name', help: 'a region outside of which nobody gets it' },
    author: { type: 'string', value: 'who', help: 'who says so (default: USER)' },
    reason: { type: 'string', value: 'why', help: 'kept in the history; required' },
  },
  run: ({ values, operands: [flag = ''], context }) =>
    withFlags(values, context, async (flags) => {
      const { author = context.env['USER'], reason } = values
      if (!author || !reason) {
        throw new UsageError(
          `Cannot set flag ${flag}: ${author ? 'no reason' : 'no author'}, expected --author and --reason`,
        )
      }
      const known = await readAll(flags)
      if (flags.declared !== undefined && !Object.hasOwn(flags.declared, flag)) throw unknownFlag('set', flag, known)
      const state = stateOf(flag, values)
      const before = known.states[flag]
      await flags.store.set(flag, state, { author, reason })
      if (values.json) return print(context, toJson({ ok: true, flag, before, after: state, author, reason }))
      return print(context, `${context.paint('green', 'set')} ${flag}: ${audienceOf(before)} -> ${audienceOf(state)}\n`)
    }),
})

const history = defineCommand({
  words: ['flags', 'history'],
  operands: '[flag]',
  arity: [0, 1],
  summary: 'the last changes, newest first: when, what, by whom, why',
  options: { ...WHERE, limit: { type: 'string', value: 'n', help: 'at most so many', default: '50' } },
  run: ({ values, operands: [flag], context }) =>
    withFlags(values, context, async ({ store }) => {
      const limit = Number(values.limit)
      if (!Number.isInteger(limit) || limit < 1) {
        throw new UsageError(`Cannot run ops flags history: --limit is ${values.limit}, expected a whole number from 1`)
      }
      const changes = (await store.history(flag)).slice(0, limit)
      if (values.json) return print(context, toJson({ ok: true, changes }))
      return print(context, changes.length === 0 ? 'Nothing was changed\n' : `${columns(changes.map(changeRow))}\n`)
    }),
})

const stale = defineCommand({
  words: ['flags', 'stale'],
  summary: 'flags to clear away; exit 1 when there are any',
  details: `Past their day of removal, the same for everybody for 30 days, or stored while no code declares them.`,
  options: WHERE,
  run: ({ values, context }) =>
    withFlags(values, context, async (flags) => {
      const found = staleOf(await readAll(flags), systemClock.now())
      if (values.json) context.out(toJson({ ok: found.length === 0, stale: found }))
      else if (found.length === 0) context.out(`${context.paint('green', 'ok')} no flag is stale\n`)
      else context.out(`${columns(found.map(({ flag, why }) => [flag, why]))}\n`)
      return found.length === 0 ? 0 : 1
    }),
})

/** The commands on feature flags. */
export const flagCommands: readonly Command[] = [list, show, set, history, stale]

async function readAll({ declared, store }: FlagsOfService): Promise<Known> {
  const [states, changes] = await Promise.all([store.list(), store.history()])
  return { declared, states, history: changes }
}

interface StateOptions {
  readonly on: boolean
  readonly off: boolean
  readonly false: boolean
  readonly percentage: string | undefined
  readonly user: readonly string[]
  readonly organisation: readonly string[]
  readonly region: readonly string[]
}

/** The store checks what it is given; here is said only what a state cannot say. */
function stateOf(flag: string, values: StateOptions): FlagState {
  const { on, off, percentage, user, organisation, region } = values
  if (on === off) throw new UsageError(`Cannot set flag ${flag}: expected either --on or --off`)
  return {
    enabled: on,
    ...(values.false ? { value: false } : {}),
    ...(user.length > 0 ? { users: user } : {}),
    ...(organisation.length > 0 ? { organisations: organisation } : {}),
    ...(region.length > 0 ? { regions: region } : {}),
    ...(percentage === undefined ? {} : { percentage: percentage.trim() === '' ? Number.NaN : Number(percentage) }),
  }
}

function unknownFlag(verb: string, flag: string, known: Known): UsageError {
  const names = viewsOf(known).map((view) => view.flag)
  const state = `Cannot ${verb} flag ${flag}: it is not declared`
  const expected = names.length === 0 ? 'one, but there is none' : `one of ${names.join(', ')}`
  return new UsageError(`${state}, expected ${expected}${meantHint(flag, names)}`)
}

function rowOf({ flag, declared, state, lastChange }: FlagView): string[] {
  const changed = lastChange === undefined ? 'never' : `${dayOf(lastChange.at)} by ${lastChange.author}`
  return [flag, audienceOf(state), declared === undefined ? 'not declared' : String(declared.defaultValue), changed]
}

function changeRow({ at, flag, state, author, reason }: FlagChange): string[] {
  return [new Date(at).toISOString(), flag, audienceOf(state), author, reason]
}

function describe({ flag, declared, state }: FlagView, changes: readonly FlagChange[]): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['who gets it', audienceOf(state)],
    ['what it is', declared?.description ?? 'not declared'],
    ['default', declared === undefined ? undefined : String(declared.defaultValue)],
    ['rollout', declared?.rollout],
    ['to be removed by', declared?.removeBy],
  ]
  const rows = facts.flatMap(([fact, value]) => (value === undefined ? [] : [[fact, value]]))
  const past = changes.length === 0 ? '' : `\n${columns(changes.map(changeRow))}\n`
  return `${flag}\n${columns(rows)}\n${past}`
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

function print(context: CliContext, text: string): 0 {
  context.out(text)
  return 0
}
