/** The commands that change something: dead redrive, dead discard. They count first, ask, and tell how far they are. */
import { readFile } from 'node:fs/promises'
import type { Queue } from '../queue.ts'
import { changeFilterOf, numberOf, type Values } from './arguments.ts'
import { type CommandContext, type ExitCode, printable, writeJson } from './context.ts'

/** Brings letters back. What was refused, cut off or ended by its canary is a finding. */
export async function redriveLetters(queue: Queue, values: Values, context: CommandContext): Promise<ExitCode> {
  const filter = changeFilterOf(values, 'dead redrive')
  const ratePerSecond = numberOf(values, 'rate', [0.1, 10_000]) ?? 50
  const canary = numberOf(values, 'canary', [0, 1_000]) ?? 0
  const limit = numberOf(values, 'limit', [1, 1_000_000])
  const payload = await readPayload(values)
  const asked = {
    ratePerSecond,
    canary,
    unchecked: values.unchecked === true,
    ...(limit === undefined ? {} : { limit }),
    ...(payload === undefined ? {} : { edit: () => payload.value }),
  }
  const plan = await queue.dead.redrive(filter, { ...asked, dryRun: true })
  const count = Object.keys(plan.redriven).length
  reportRefused(plan.refused, values, context)
  if (values['dry-run']) {
    if (values.json) writeJson(context, { ok: plan.refused.length === 0, dryRun: true, ...plan })
    else context.out(`${count} of ${plan.matched} dead letters of ${queue.name} would come back\n`)
    return plan.refused.length === 0 ? 0 : 1
  }
  const seconds = Math.ceil(count / ratePerSecond)
  if (count > 0) await agree(`Bring back ${count} dead letters of ${queue.name} (about ${seconds} s)?`, values, context)
  const progress = progressTo(context)
  const { signal } = context
  let done = 0
  try {
    const onProgress = (now: { readonly done: number; readonly of: number }) => progress((done = now.done), now.of)
    const report = await queue.dead.redrive(filter, {
      ...asked,
      onProgress,
      ...(signal === undefined ? {} : { signal }),
    })
    const ok = report.refused.length === 0 && report.canary !== 'failed'
    if (values.json) writeJson(context, { ok, dryRun: false, ...report })
    else
      context.out(
        `${context.paint(ok ? 'green' : 'yellow', ok ? 'ok' : 'partly')} ${Object.keys(report.redriven).length} dead letters came back\n`,
      )
    if (report.canary === 'failed') context.err(`the canary did not live: the rest stays dead, look at dead list\n`)
    return ok ? 0 : 1
  } catch (error) {
    if (signal?.aborted !== true) throw error
    return cutOff(done, values, context)
  }
}

/** Forgets letters for good. */
export async function discardLetters(queue: Queue, values: Values, context: CommandContext): Promise<ExitCode> {
  const filter = changeFilterOf(values, 'dead discard')
  const count = await queue.dead.count(filter)
  if (values['dry-run']) {
    if (values.json) writeJson(context, { ok: true, dryRun: true, matched: count })
    else context.out(`${count} dead letters of ${queue.name} would be discarded\n`)
    return 0
  }
  if (count > 0) await agree(`Discard ${count} dead letters of ${queue.name} for good?`, values, context)
  const progress = progressTo(context)
  const { signal } = context
  const discarded = await queue.dead.discard(filter, {
    onProgress: ({ done }) => progress(done, count),
    ...(signal === undefined ? {} : { signal }),
  })
  if (signal?.aborted === true) return cutOff(discarded, values, context)
  if (values.json) writeJson(context, { ok: true, dryRun: false, discarded })
  else context.out(`${context.paint('green', 'ok')} ${discarded} dead letters discarded\n`)
  return 0
}

/** @throws TypeError when nobody agreed */
async function agree(question: string, { yes }: Values, { confirm }: CommandContext): Promise<void> {
  if (yes === true) return
  if (confirm === undefined) throw new TypeError(`Cannot ask "${question}": nobody is at a terminal, expected --yes`)
  if (!(await confirm(question))) throw new TypeError('Nothing was changed: expected yes')
}

async function readPayload({ payload: file, id }: Values): Promise<{ readonly value: unknown } | undefined> {
  if (file === undefined) return undefined
  if (id === undefined) throw new TypeError('Cannot use --payload for several letters: expected --id with it')
  try {
    return { value: JSON.parse(await readFile(file, 'utf8')) }
  } catch (error) {
    throw new TypeError(`Cannot use --payload ${file}: ${(error as Error).message}, expected a file of JSON`, {
      cause: error,
    })
  }
}

function reportRefused(
  refused: readonly { readonly id: string; readonly problem: string }[],
  { json }: Values,
  { err, paint }: CommandContext,
): void {
  if (json) return
  for (const { id, problem } of refused.slice(0, 20))
    err(`${paint('yellow', 'refused')} ${id}: ${printable(problem)}\n`)
  if (refused.length > 20) err(`${paint('yellow', 'refused')} ${refused.length - 20} more\n`)
}

/** One line at each tenth: as readable in a log as on a terminal. */
function progressTo({ err }: CommandContext): (done: number, of: number) => void {
  let told = 0
  return (done, of) => {
    const tenths = Math.floor((done * 10) / Math.max(1, of))
    if (of < 100 || tenths <= told) return
    told = tenths
    err(`${done} of ${of}\n`)
  }
}

function cutOff(done: number, { json }: Values, context: CommandContext): ExitCode {
  const error = `stopped after ${done} dead letters: the same command goes on, none is taken twice`
  if (json) writeJson(context, { ok: false, error, done })
  else context.err(`${context.paint('yellow', 'partly')} ${error}\n`)
  return 1
}
