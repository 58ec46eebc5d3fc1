import { fileURLToPath } from 'node:url'
import { createSpanId } from '@ops/core'
import { createQueue, createWorker, type Queue } from '@ops/queue'
import { QUEUE_USAGE } from '@ops/queue/commands'
import { createRedis } from '@ops/redis'
import { waitFor } from '@ops/testing'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { COMMANDS } from '../src/cli.ts'
import { shipOrder } from './dead.fixture.ts'
import { type Ran, runWith } from './run-command.ts'

const SERVICE = fileURLToPath(new URL('./dead.fixture.ts', import.meta.url))

/** A queue of the shared Redis in which so many jobs are dead. */
async function deadQueue(count: number): Promise<Queue> {
  const redis = createRedis({ url: inject('redisUrl'), name: 'cli', role: 'worker' })
  const queue = createQueue(`cli-${createSpanId()}`, { redis, jobs: [shipOrder] })
  const handler = async (): Promise<void> => {
    throw new Error('no carrier answers')
  }
  const worker = createWorker(queue, { [shipOrder.name]: handler })
  onTestFinished(async () => {
    await queue.dead.discard({})
    await queue.close()
    redis.disconnect()
  })
  await queue.enqueueBulk(
    shipOrder,
    Array.from({ length: count }, (_, order) => ({ payload: { order } })),
  )
  await waitFor(async () => (await queue.status()).dead === count)
  await worker.close()
  return queue
}

/** Runs `ops dead …` as an operator of the declared service, whose setting says where Redis is. */
function dead(words: readonly string[], confirm?: (question: string) => Promise<boolean>): Promise<Ran> {
  const env = { SHIPPING_REDIS: inject('redisUrl') }
  return runWith({ env, ...(confirm === undefined ? {} : { confirm }) }, 'dead', ...words, '--service', SERVICE)
}

describe('ops dead', () => {
  test('ops dead offers every option that the commands of @ops/queue know', () => {
    const known = new Set([...QUEUE_USAGE.matchAll(/--([a-z][a-z-]*)/g)].map(([, name]) => name))
    const offered = COMMANDS.filter(({ words }) => words[0] === 'dead').flatMap(({ options }) => Object.keys(options))

    expect([...known].filter((name) => ![...offered, 'json', 'help'].includes(name ?? ''))).toEqual([])
  })

  test('ops dead finds the Redis by the setting that the service declares, and shows what is dead', async () => {
    const queue = await deadQueue(2)
    const [letter] = await queue.dead.list()

    const list = await dead(['list', '--queue', queue.name, '--json'])
    const groups = await dead(['groups', '--queue', queue.name])
    const show = await dead(['show', letter?.id ?? '', '--queue', queue.name])

    expect(JSON.parse(list.out).letters).toHaveLength(2)
    expect(groups.out).toMatch(/^2 +[0-9a-f]+ +order\.ship +exhausted/m)
    expect(show).toMatchObject({ code: 0, out: expect.stringContaining('no carrier answers') })
  })

  test('ops dead redrive validates payloads by the declared jobs, asks once, and brings them back', async () => {
    const queue = await deadQueue(2)
    const asked: string[] = []
    const words = ['redrive', '--queue', queue.name, '--verdict', 'exhausted']

    const plan = await dead([...words, '--dry-run'])
    const refused = await dead(words, async (question) => asked.push(question) === 0)
    const done = await dead([...words, '--rate', '1000'], async (question) => asked.push(question) > 0)

    expect(plan.out).toBe(`2 of 2 dead letters of ${queue.name} would come back\n`)
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('Nothing was changed') })
    expect(done).toMatchObject({ code: 0, out: 'ok 2 dead letters came back\n' })
    expect(asked).toHaveLength(2)
    expect(await queue.status()).toMatchObject({ dead: 0, waiting: 2 })
  })

  test('ops dead discard needs --yes where nobody can be asked', async () => {
    const queue = await deadQueue(1)

    const unasked = await dead(['discard', '--queue', queue.name, '--all'])
    const agreed = await dead(['discard', '--queue', queue.name, '--all', '--yes', '--json'])

    expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining('expected --yes') })
    expect(JSON.parse(agreed.out)).toEqual({ ok: true, dryRun: false, discarded: 1 })
  })

  test('ops dead status --check exits 1 while any is dead', async () => {
    const queue = await deadQueue(1)

    const before = await dead(['status', '--queue', queue.name, '--check'])
    await dead(['discard', '--queue', queue.name, '--all', '--yes'])
    const after = await dead(['status', '--queue', queue.name, '--check'])

    expect([before.code, after.code]).toEqual([1, 0])
  })

  test('ops dead works without a declaration where --redis or REDIS_URL says where', async () => {
    const queue = await deadQueue(1)
    const url = inject('redisUrl')

    const given = await runWith({}, 'dead', 'list', '--queue', queue.name, '--redis', url)
    const found = await runWith({ env: { REDIS_URL: url } }, 'dead', 'list', '--queue', queue.name)

    expect([given.code, found.code]).toEqual([0, 0])
    expect(found.out).toContain('no carrier answers')
  })

  test('ops dead exits 2 and says what is needed when nothing says where Redis is', async () => {
    const nothing = await runWith({}, 'dead', 'list', '--queue', 'work', '--service', SERVICE)
    const noQueue = await dead(['list', '--queue', 'never-made'])

    expect(nothing).toMatchObject({ code: 2, err: expect.stringContaining('neither --redis nor REDIS_URL is set') })
    expect(noQueue).toMatchObject({ code: 2, err: expect.stringContaining('it is not in this Redis') })
  })
})
