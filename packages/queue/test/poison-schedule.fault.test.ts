/** A schedule whose job kills its process: no crash loop, a verdict for each run, neighbours that finish, and a schedule that goes on. */
import { waitFor } from '@ops/testing'
import { expect, test } from 'vitest'
import type { DeadLetter, Queue } from '../src/index.ts'
import { connect, connectQueue, readStarts, startFleet } from './fixture.ts'
import { work } from './jobs.ts'

/** Ticks far enough apart for a machine that is not too busy to have found its suspect before the next. */
const TICK = '*/10 * * * * *'

/** When the run that died was due, in wall milliseconds. */
const dueAt = ({ id }: DeadLetter): number => Number(id.split(':')[2])

async function lettersByTime(queue: Queue): Promise<DeadLetter[]> {
  return (await queue.dead.list()).sort((a, b) => dueAt(a) - dueAt(b))
}

/** Runs that were due when the first was dead: by then all is known about their schedule. */
function followers([first, ...others]: readonly DeadLetter[]): DeadLetter[] {
  return first === undefined ? [] : others.filter((other) => dueAt(other) > Date.parse(first.diedAt))
}

async function enqueueInnocents(queue: Queue): Promise<void> {
  const entries = Array.from({ length: 29 }, (_, n) => ({ payload: { n, ms: 200 } }))
  await queue.enqueueBulk(work, entries)
}

/** How often each of these runs started, which is how often it killed its process. */
async function deathsOf(queue: Queue, letters: readonly DeadLetter[]): Promise<number[]> {
  const starts = await readStarts(await connect(), queue)
  return letters.map(({ id }) => starts.filter((start) => start.id === id).length)
}

test('a poisonous schedule costs three deaths for its first run, one for each that follows, and goes on', async () => {
  const queue = await connectQueue([work])
  await enqueueInnocents(queue)
  startFleet(queue.name, { env: { SCHEDULE: `${TICK} kill` } })

  await waitFor(async () => followers(await lettersByTime(queue)).length >= 2, { timeoutMs: 120_000, everyMs: 50 })
  const letters = await lettersByTime(queue)
  await waitFor(async () => (await queue.status()).completed === 29, { timeoutMs: 30_000, everyMs: 50 })

  expect(letters[0]?.counters.crashes).toBe(2)
  expect(Math.max(...(await deathsOf(queue, letters)))).toBeLessThanOrEqual(3)
  expect(new Set(await deathsOf(queue, followers(letters)))).toEqual(new Set([1]))
  for (const letter of letters) expect(letter).toMatchObject({ verdict: 'poison', payload: { n: 1_000, act: 'kill' } })
}, 180_000)

const matrix = [
  { act: 'exit', verdict: 'poison' },
  { act: 'oom', verdict: 'poison' },
  { act: 'loop', verdict: 'poison' },
  { act: 'undefined', verdict: 'exhausted' },
  { act: 'bigint', verdict: 'permanent' },
  { act: 'huge', verdict: 'exhausted' },
] as const

test.each(matrix)(
  'a run of a schedule that ends by $act is $verdict within three deaths, and 29 others complete',
  async ({ act, verdict }) => {
    const queue = await connectQueue([work])
    const fleet = startFleet(queue.name, {
      args: ['--max-old-space-size=64'],
      // What kills nobody may come each second.
      env: { SCHEDULE: `${verdict === 'poison' ? TICK : '* * * * * *'} ${act}`, HANG_MS: '2000' },
    })
    await waitFor(() => fleet.ready, { timeoutMs: 30_000 })
    await enqueueInnocents(queue)

    await waitFor(async () => (await queue.status()).dead >= 1, { timeoutMs: 90_000, everyMs: 50, what: 'a verdict' })
    const letters = await lettersByTime(queue)
    await waitFor(async () => (await queue.status()).completed === 29, { timeoutMs: 30_000, everyMs: 50 })

    for (const letter of letters) expect(letter).toMatchObject({ job: 'work', verdict, payload: { n: 1_000, act } })
    expect(Math.max(...(await deathsOf(queue, letters)))).toBeLessThanOrEqual(3)
    if (verdict !== 'poison') expect(fleet.deaths).toBe(0)
  },
  150_000,
)
