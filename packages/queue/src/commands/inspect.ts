/** The commands that only look: status, dead list, dead groups, dead show. */
import type { RedisClient } from '../connection.ts'
import type { DeadLetter } from '../dead-letter.ts'
import { createQueue, type Queue } from '../queue.ts'
import { filterOf, numberOf, type Values } from './arguments.ts'
import { type CommandContext, type ExitCode, printable, table, writeJson } from './context.ts'
import { findQueues, openQueue } from './open.ts'

/** Counts of one queue, or of all there are. With `--check`, dead letters are a finding. */
export async function showStatus(redis: RedisClient, values: Values, context: CommandContext): Promise<ExitCode> {
  const queues =
    values.queue === undefined
      ? (await findQueues(redis)).map((name) => createQueue(name, { redis, jobs: [] }))
      : [await openQueue(redis, values, context)]
  const rows = []
  for (const queue of queues) {
    rows.push({ queue: queue.name, ...(await queue.status()) })
    await queue.close()
  }
  const found = values.check === true && rows.some(({ dead }) => dead > 0)
  if (values.json) writeJson(context, { ok: !found, queues: rows })
  else if (rows.length === 0) context.out('no queue is in this Redis\n')
  else {
    const header = ['queue', 'waiting', 'active', 'delayed', 'completed', 'dead'] as const
    context.out(
      table(
        header,
        rows.map((row) => header.map((column) => String(row[column]))),
      ),
    )
  }
  return found ? 1 : 0
}

/** Dead letters, newest first, one a line. */
export async function listLetters(queue: Queue, values: Values, context: CommandContext): Promise<ExitCode> {
  const limit = numberOf(values, 'limit', [1, 1_000_000]) ?? 100
  const letters = await queue.dead.list({ ...filterOf(values), limit })
  if (values.json) writeJson(context, { ok: true, letters })
  else if (letters.length === 0) context.out('no dead letter matches\n')
  else {
    const rows = letters.map(({ id, job, verdict, tenant, diedAt, reason }) => [
      id,
      job,
      verdict,
      tenant ?? '-',
      diedAt,
      cut(reason),
    ])
    context.out(table(['id', 'job', 'verdict', 'tenant', 'died at', 'reason'], rows))
    if (letters.length === limit) context.err(`the newest ${limit} only: --limit shows more\n`)
  }
  return 0
}

/** Dead letters by what failed alike, largest group first. */
export async function listGroups(queue: Queue, values: Values, context: CommandContext): Promise<ExitCode> {
  const groups = await queue.dead.groups()
  if (values.json) writeJson(context, { ok: true, groups })
  else if (groups.length === 0) context.out('no dead letters\n')
  else {
    const rows = groups.map((group) => [
      String(group.count),
      group.fingerprint,
      group.job,
      group.verdict,
      group.lastDiedAt,
      cut(group.reason),
    ])
    context.out(table(['count', 'fingerprint', 'job', 'verdict', 'last died at', 'reason'], rows))
  }
  return 0
}

/** One dead letter, whole. A letter that is not there is a finding. */
export async function showLetter(
  queue: Queue,
  { values, argument: id }: { readonly values: Values; readonly argument: string },
  context: CommandContext,
): Promise<ExitCode> {
  const letter = await (values.reveal ? queue.dead.reveal(id) : queue.dead.show(id))
  if (letter === undefined) {
    const error = `Cannot show ${printable(id)}: it is no dead letter of ${queue.name}, expected an id of dead list`
    if (values.json) writeJson(context, { ok: false, error })
    else context.err(`${context.paint('red', 'error')} ${error}\n`)
    return 1
  }
  if (values.json) writeJson(context, { ok: true, letter })
  else context.out(describe(letter))
  return 0
}

function describe(letter: DeadLetter): string {
  const { payload, errors, counters, coResidents, lineage, ...rest } = letter
  const lines = Object.entries(rest).map(([name, value]) => `${name}: ${printable(String(value))}\n`)
  const counted = Object.entries(counters).map(([name, count]) => `${count} ${name}`)
  const chain = errors.map(({ type, message, code, stack }, i) => {
    const head = `${i === 0 ? 'error' : 'caused by'}: ${type}${code === undefined ? '' : ` (${code})`}: ${message}`
    return [head, ...(stack ?? '').split('\n').filter((line) => line !== '')]
      .map((line) => `${printable(line)}\n`)
      .join('')
  })
  return [
    ...lines,
    `counters: ${counted.join(', ')}\n`,
    lineage.length === 0 ? '' : `was before: ${lineage.map(printable).join(', ')}\n`,
    coResidents.length === 0 ? '' : `ran beside: ${coResidents.map(printable).join(', ')}\n`,
    `payload: ${printable(JSON.stringify(payload))}\n`,
    ...chain,
  ].join('')
}

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}
