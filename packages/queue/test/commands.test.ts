/** The commands against a real Redis: what they print, what they ask, and how they exit. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '@ops/testing'
import { describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { type CommandContext, runQueueCommand } from '../src/commands/index.ts'
import { defineJob, type Queue } from '../src/index.ts'
import { asTenant, closing, connectQueue, startWorker } from './fixture.ts'

const job = defineJob('job', { schema: z.object({ n: z.number() }), retry: { attempts: 1 } })

/** Runs a command as a person would: with what was printed and the exit code. */
async function run(args: readonly string[], context: Partial<CommandContext> = {}) {
  let [out, err] = ['', '']
  const code = await runQueueCommand(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    paint: (_colour, text) => text,
    env: { REDIS_URL: inject('redisUrl') },
    ...context,
  })
  return { code, out, err, json: () => JSON.parse(out) as Record<string, never> }
}

/** A queue in which jobs 0 to `count` - 1 are dead. */
async function withDead(count: number): Promise<Queue> {
  const queue = await connectQueue([job])
  const worker = await startWorker(queue, {
    job: ({ n }: { n: number }) => {
      throw new Error(`order ${n} failed \u001b[2J`)
    },
  })
  await asTenant('acme', () =>
    queue.enqueueBulk(
      job,
      Array.from({ length: count }, (_, n) => ({ payload: { n } })),
    ),
  )
  await waitFor(async () => (await queue.status()).dead === count)
  await worker.close()
  return queue
}

/** A module as `--jobs` takes it, in a folder of its own. */
function jobsModule(schema: string): string {
  const folder = mkdtempSync(join(import.meta.dirname, '.jobs-'))
  closing(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'jobs.ts')
  writeFileSync(
    file,
    `import { z } from 'zod'\nimport { defineJob } from '../../src/index.ts'\nexport const jobs = [defineJob('job', { schema: ${schema} })]\n`,
  )
  return file
}

describe('runQueueCommand()', () => {
  test('status counts one queue or all, and finds dead letters only when asked to check', async () => {
    const queue = await withDead(2)

    const one = await run(['status', '--queue', queue.name])
    const all = await run(['status', '--json'])
    const checked = await run(['status', '--queue', queue.name, '--check', '--json'])

    expect(one.code).toBe(0)
    expect(one.out.split('\n')[0]).toBe(`queue              waiting  active  delayed  completed  dead`)
    expect(one.out.split('\n')[1]).toBe(`${queue.name}  0        0       0        0          2`)
    expect(all.json()['queues']).toContainEqual(expect.objectContaining({ queue: queue.name, dead: 2 }))
    expect([checked.code, checked.json()['ok']]).toEqual([1, false])
  })

  test('dead list, groups and show tell what died, with control characters made visible', async () => {
    const queue = await withDead(3)
    const [letter] = await queue.dead.list()
    const id = letter?.id as string

    const list = await run(['dead', 'list', '--queue', queue.name, '--tenant', 'acme', '--limit', '2'])
    const groups = await run(['dead', 'groups', '--queue', queue.name, '--json'])
    const shown = await run(['dead', 'show', id, '--queue', queue.name])
    const json = await run(['dead', 'show', id, '--queue', queue.name, '--json'])

    expect(list.out.trimEnd().split('\n')).toHaveLength(3)
    expect(list.err).toBe('the newest 2 only: --limit shows more\n')
    expect(groups.json()['groups']).toMatchObject([{ count: 3, job: 'job', verdict: 'exhausted' }])
    expect(shown.out).toContain(`payload: {"n":`)
    expect(shown.out).toContain(String.raw`failed \u001b[2J`)
    expect(list.out + shown.out).not.toContain('\u001b')
    expect(json.json()['letter']).toMatchObject({ id, tenant: 'acme' })
  })

  test('dead show exits 1 when the id is no dead letter', async () => {
    const queue = await withDead(1)

    const { code, err } = await run(['dead', 'show', 'nope', '--queue', queue.name])

    expect(code).toBe(1)
    expect(err).toContain(`Cannot show nope: it is no dead letter of ${queue.name}`)
  })

  test('dead redrive asks, checks payloads by the jobs of a module, and brings back what is valid', async () => {
    const queue = await withDead(4)
    const file = jobsModule('z.object({ n: z.number().max(2) })')
    const base = ['dead', 'redrive', '--queue', queue.name, '--all', '--jobs', file, '--rate', '1000']
    const asked: string[] = []
    const answering = (answer: boolean) => ({ confirm: async (question: string) => asked.push(question) > 0 && answer })

    const refused = await run(base)
    const declined = await run(base, answering(false))
    const plan = await run([...base, '--dry-run', '--json'])
    const before = await queue.status()
    const done = await run(base, answering(true))

    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('expected --yes')])
    expect([declined.code, declined.err]).toEqual([2, expect.stringContaining('Nothing was changed')])
    expect([plan.code, plan.json()['matched']]).toEqual([1, 4])
    expect(before).toMatchObject({ dead: 4, waiting: 0 })
    expect(asked).toEqual(Array(2).fill(`Bring back 3 dead letters of ${queue.name} (about 1 s)?`))
    expect([done.code, done.out]).toEqual([1, 'partly 3 dead letters came back\n'])
    expect(done.err).toContain('n (too_big) break its schema')
    expect(await queue.status()).toMatchObject({ dead: 1, waiting: 3 })
  })

  test('dead redrive goes without a check only when told so, and replaces the payload of one letter', async () => {
    const queue = await withDead(2)
    const [first] = await queue.dead.list()
    const folder = mkdtempSync(join(tmpdir(), 'ops-queue-payload-'))
    closing(() => rmSync(folder, { recursive: true, force: true }))
    const payload = join(folder, 'payload.json')
    writeFileSync(payload, '{"n":70}')
    const base = ['dead', 'redrive', '--queue', queue.name, '--yes']

    const blind = await run([...base, '--all'])
    const known = await run([...base, '--all', '--dry-run'], { jobs: [job] })
    const edited = await run([
      ...base,
      '--id',
      first?.id as string,
      '--payload',
      payload,
      '--jobs',
      jobsModule('z.object({ n: z.number() })'),
    ])
    const rest = await run([...base, '--all', '--unchecked', '--json'])
    const seen: number[] = []
    await startWorker(queue, { job: ({ n }: { n: number }) => void seen.push(n) })
    await waitFor(async () => (await queue.status()).completed === 2)

    expect([blind.code, blind.err]).toEqual([1, expect.stringContaining('the job is not known here')])
    expect([known.code, known.out]).toEqual([0, expect.stringContaining('2 of 2 dead letters')])
    expect([edited.code, rest.code]).toEqual([0, 0])
    expect(seen).toContain(70)
  })

  test('dead redrive stops between two letters when it is told to, and the same command goes on', async () => {
    const queue = await withDead(3)
    const stop = new AbortController()
    const base = ['dead', 'redrive', '--queue', queue.name, '--all', '--unchecked', '--yes']

    const running = run([...base, '--rate', '0.1', '--json'], { signal: stop.signal })
    await waitFor(async () => (await queue.status()).waiting === 1)
    stop.abort()
    const cut = await running
    const rest = await run([...base, '--rate', '1000', '--json'])

    expect([cut.code, cut.json()['done']]).toEqual([1, 1])
    expect(Object.keys(rest.json()['redriven'] as unknown as object)).toHaveLength(2)
    expect(await queue.status()).toMatchObject({ dead: 0, waiting: 3 })
  })

  test('dead discard counts first, forgets what matches, and tells how far it is', async () => {
    const queue = await withDead(120)
    const base = ['dead', 'discard', '--queue', queue.name]

    const unfiltered = await run([...base, '--yes'])
    const plan = await run([...base, '--verdict', 'exhausted', '--dry-run', '--json'])
    const none = await run([...base, '--verdict', 'poison', '--yes'])
    const all = await run([...base, '--all', '--yes'])

    expect([unfiltered.code, unfiltered.err]).toEqual([2, expect.stringContaining('or --all')])
    expect(plan.json()).toEqual({ ok: true, dryRun: true, matched: 120 })
    expect(none.out).toBe('ok 0 dead letters discarded\n')
    expect([all.code, all.out]).toEqual([0, 'ok 120 dead letters discarded\n'])
    expect(all.err.trimEnd().split('\n')).toHaveLength(10)
    expect((await queue.status()).dead).toBe(0)
  })

  test.each([
    [['dance'], 'there is no command "dance", expected one of status, dead list'],
    [[], 'no command is given'],
    [['dead', 'list', '--rate', '3'], '--rate is none of its options'],
    [['dead', 'show'], "expected a dead letter's id"],
    [['dead', 'list', '--queue', 'not-there'], 'Cannot open queue not-there: it is not in this Redis'],
    [['dead', 'list'], 'no --queue is given'],
    [['status', '--redis', 'http://x'], 'expected redis://host:port'],
    [['status', '--nope'], "Unknown option '--nope'"],
  ])('runQueueCommand() exits 2 and says what is expected when given %j', async (args, message) => {
    const plain = await run(args)
    const json = await run([...args, '--json'])

    expect([plain.code, plain.out]).toEqual([2, ''])
    expect(plain.err).toContain(message)
    expect(plain.err).toContain('Run ops-queue --help')
    expect([json.code, json.err]).toEqual([2, ''])
    expect(json.json()).toEqual({ ok: false, error: expect.stringContaining(message) })
  })

  test('dead list refuses values out of range when given any', async () => {
    const queue = await withDead(1)
    const base = ['dead', 'list', '--queue', queue.name]

    expect((await run([...base, '--limit', '0'])).err).toContain('Cannot use --limit 0: expected a number from 1')
    expect((await run([...base, '--verdict', 'bad'])).err).toContain('expected one of poison, exhausted')
  })

  test('runQueueCommand() says so when nobody answers, without repeating the password', async () => {
    const { code, err } = await run(['status', '--redis', 'redis://:hunter2@127.0.0.1:1'])

    expect(code).toBe(2)
    expect(err).toContain('Cannot reach Redis at 127.0.0.1:1: ')
    expect(err).not.toContain('hunter2')
  })

  test('runQueueCommand() is called by the name it is given', async () => {
    const { code, out } = await run(['--help'], { name: 'ops' })

    expect([code, out.split('\n')[0]]).toEqual([0, 'Usage: ops <command> [options]'])
  })
})

describe('ops-queue', () => {
  const bin = join(import.meta.dirname, '../src/bin.ts')
  const exec = (...args: string[]) =>
    spawnSync(process.execPath, ['--conditions=@ops/source', bin, ...args], {
      encoding: 'utf8',
      input: '',
      env: { ...process.env, REDIS_URL: inject('redisUrl'), FORCE_COLOR: '1' },
    })

  test('ops-queue exits as the commands do, without colour and questions in a pipe', async () => {
    const queue = await withDead(1)

    const help = exec('--help')
    const listed = exec('dead', 'list', '--queue', queue.name)
    const asked = exec('dead', 'discard', '--queue', queue.name, '--all')
    const done = exec('dead', 'discard', '--queue', queue.name, '--all', '--yes')

    expect([help.status, help.stdout.split('\n')[0]]).toEqual([0, 'Usage: ops-queue <command> [options]'])
    expect([listed.status, listed.stderr.replace(/.*Warning.*\n/g, '')]).toEqual([0, ''])
    expect([asked.status, asked.stderr]).toEqual([2, expect.stringContaining('expected --yes')])
    expect([done.status, done.stdout]).toEqual([0, 'ok 1 dead letters discarded\n'])
  })
})
