/** Encrypted queues: nothing a job carries is readable in Redis, whatever becomes of it, and what cannot be decrypted dies. */
import { randomBytes } from 'node:crypto'
import { waitFor } from '@ops/testing'
import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { runQueueCommand } from '../src/commands/index.ts'
import { type Cipher, defineJob, type JobRun, permanent, type Queue, retryAfter, schedule } from '../src/index.ts'
import { aes } from './aes.ts'
import { asTenant, connect, connectQueue, startWorker } from './fixture.ts'

const SECRET = 'tarantella'
const job = defineJob('job', {
  schema: z.object({ n: z.number(), word: z.string() }),
  retry: { attempts: 2, baseMs: 1, capMs: 5 },
})
const old = randomBytes(32)
const cipher = aes({ old })

/** Every value of every key of a queue, as text. */
async function dump(redis: Redis, queue: Queue): Promise<string> {
  const texts: string[] = []
  for (const key of await redis.keys(`{ops:${queue.name}}*`)) {
    const type = await redis.type(key)
    if (type === 'hash') texts.push(JSON.stringify(await redis.hgetall(key)))
    else if (type === 'stream') texts.push(JSON.stringify(await redis.xrange(key, '-', '+')))
    else if (type === 'string') texts.push(String(await redis.get(key)))
    else if (type === 'zset') texts.push(JSON.stringify(await redis.zrange(key, '0', '-1')))
    else texts.push(JSON.stringify(type === 'list' ? await redis.lrange(key, 0, -1) : await redis.smembers(key)))
  }
  return texts.join('\n')
}

test('nothing that a job carries, returns, stores or dies of is readable in Redis', async () => {
  const redis = await connect()
  const queue = await connectQueue([job], { cipher })
  const seen: string[] = []
  const yearly = schedule(job, '0 0 1 1 *', { payload: { n: 9, word: SECRET } })
  await startWorker(
    queue,
    {
      job: async ({ n, word }: { n: number; word: string }, run: JobRun) => {
        seen.push(await run.once('echo', () => word))
        if (n === 1) throw new Error(`cannot say ${word}`, { cause: new Error(word) })
        if (n === 2) throw permanent(new TypeError(word))
        return { said: word }
      },
    },
    { schedules: [yearly] },
  )

  const entries = [0, 1, 2].map((n) => ({ payload: { n, word: SECRET } }))
  await asTenant('acme', () => queue.enqueueBulk(job, entries))
  await queue.enqueue(job, { n: 3, word: SECRET }, { key: SECRET, delayMs: 60_000 })
  await waitFor(async () => {
    const { completed, dead, delayed } = await queue.status()
    return completed === 1 && dead === 2 && delayed === 2
  })

  const stored = await dump(redis, queue)
  expect(seen).toEqual(Array(4).fill(SECRET))
  expect(stored).toContain('exhausted')
  expect(stored).not.toContain(SECRET)
})

test('show() hides what is encrypted, groups() still tells failures apart, reveal() decrypts', async () => {
  const queue = await connectQueue([job], { cipher })
  await startWorker(queue, {
    job: ({ word }: { word: string }) => {
      throw permanent(new TypeError(`no ${word}`))
    },
  })
  const { id } = await asTenant('acme', () => queue.enqueue(job, { n: 1, word: SECRET }))
  await waitFor(async () => (await queue.status()).dead === 1)

  const shown = await queue.dead.show(id)
  const revealed = await queue.dead.reveal(id)

  expect(shown).toMatchObject({ encrypted: true, reason: 'PermanentError', verdict: 'permanent', tenant: 'acme' })
  expect(shown?.errors.map(({ type }) => type)).toEqual(['PermanentError', 'TypeError'])
  expect(JSON.stringify(shown)).not.toContain(SECRET)
  expect(revealed).toMatchObject({ payload: { n: 1, word: SECRET }, reason: expect.stringContaining(`no ${SECRET}`) })
  expect(revealed).not.toHaveProperty('encrypted')
  expect(await queue.dead.groups()).toMatchObject([{ count: 1, reason: 'PermanentError' }])
})

test('a job whose ciphertext is wrong, missing, or of another tenant dies as invalid, and its handler never starts', async () => {
  const name = `c${randomBytes(6).toString('hex')}`
  const foreign = await connectQueue([job], { cipher: aes({ foreign: randomBytes(32) }), name })
  const plain = await connectQueue([job], { name })
  const queue = await connectQueue([job], { cipher, name })
  const redis = await connect()
  let starts = 0

  await foreign.enqueue(job, { n: 1, word: 'x' })
  await plain.enqueue(job, { n: 2, word: 'x' })
  const { id } = await asTenant('acme', () => queue.enqueue(job, { n: 3, word: 'x' }))
  const hash = `{ops:${name}}:${name}:${id}`
  const data = JSON.parse((await redis.hget(hash, 'data')) as string)
  await redis.hset(hash, 'data', JSON.stringify({ ...data, t: 'evil' }))
  await startWorker(queue, { job: () => void starts++ })
  await waitFor(async () => (await queue.status()).dead === 3)

  const letters = await Promise.all((await queue.dead.list()).map(({ id }) => queue.dead.show(id)))
  expect(starts).toBe(0)
  expect(letters.map((letter) => letter?.verdict)).toEqual(['invalid', 'invalid', 'invalid'])
})

test('a job that is encrypted dies where no cipher is', async () => {
  const queue = await connectQueue([job], { cipher })
  const blind = await connectQueue([job], { name: queue.name })
  await queue.enqueue(job, { n: 1, word: SECRET })

  await startWorker(blind, { job: () => {} })
  await waitFor(async () => (await blind.status()).dead === 1)

  expect(await blind.dead.list()).toMatchObject([{ verdict: 'invalid', encrypted: true }])
})

test('jobs of before the cipher are taken only while it says so', async () => {
  const plain = await connectQueue([job])
  const queue = await connectQueue([job], { name: plain.name, cipher: { ...cipher, acceptsPlaintext: true } })
  const words: string[] = []
  await plain.enqueue(job, { n: 1, word: 'before' })
  await queue.enqueue(job, { n: 2, word: 'after' })

  await startWorker(queue, { job: ({ word }: { word: string }) => void words.push(word) })
  await waitFor(async () => (await queue.status()).completed === 2)

  expect(words.toSorted()).toEqual(['after', 'before'])
})

test('enqueue() stores nothing when the cipher fails or gives the plaintext back', async () => {
  const failing: Cipher = {
    ...cipher,
    encrypt: () => {
      throw new Error('no key')
    },
  }
  const lazy: Cipher = { encrypt: (text) => text, decrypt: (text) => text }
  const queues = await Promise.all([failing, lazy].map((one) => connectQueue([job], { cipher: one })))

  const answers = await Promise.allSettled(queues.map((queue) => queue.enqueue(job, { n: 1, word: SECRET })))

  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  for (const queue of queues) expect(await queue.status()).toMatchObject({ waiting: 0, delayed: 0 })
})

test('a key that cannot be had yet costs nothing', async () => {
  let away = 2
  const patient: Cipher = {
    ...cipher,
    decrypt: (text, binding) => {
      if (away-- > 0) throw retryAfter(5)
      return cipher.decrypt(text, binding)
    },
  }
  const queue = await connectQueue([job], { cipher: patient })
  const attempts: number[] = []
  await queue.enqueue(job, { n: 1, word: SECRET })

  await startWorker(queue, { job: (_: unknown, { attempt }: JobRun) => void attempts.push(attempt) })
  await waitFor(async () => (await queue.status()).completed === 1)

  expect(attempts).toEqual([1])
})

test('redrive() validates what it decrypts, edits it, and encrypts anew under the present key', async () => {
  const name = `c${randomBytes(6).toString('hex')}`
  const before = await connectQueue([job], { cipher, name })
  const words: string[] = []
  const worker = await startWorker(before, {
    job: () => {
      throw permanent(new Error('down'))
    },
  })
  await before.enqueueBulk(
    job,
    [1, 2].map((n) => ({ payload: { n, word: SECRET } })),
  )
  await waitFor(async () => (await before.status()).dead === 2)
  await worker.close()
  const queue = await connectQueue([job], { cipher: aes({ young: randomBytes(32), old }), name })
  const [first, second] = await queue.dead.list()
  const redis = await connect()

  await queue.dead.redrive({ id: first?.id as string })
  const edit = (payload: unknown) => ({ ...(payload as { n: number; word: string }), word: 'edited' })
  await queue.dead.redrive({ id: second?.id as string }, { edit })
  const stored = await dump(redis, queue)
  await startWorker(queue, { job: ({ word }: { word: string }) => void words.push(word) })
  await waitFor(async () => (await queue.status()).completed === 2)

  expect(words.toSorted()).toEqual(['edited', SECRET])
  expect(stored).toContain('"p\\":\\"young.')
  expect(stored).not.toContain('"p\\":\\"old.')
  expect(stored).not.toContain(SECRET)
})

test('dead show --reveal decrypts by the cipher it is given, and fails where it has none', async () => {
  const queue = await connectQueue([job], { cipher })
  await startWorker(queue, {
    job: () => {
      throw permanent(new Error('down'))
    },
  })
  const { id } = await queue.enqueue(job, { n: 1, word: SECRET })
  await waitFor(async () => (await queue.status()).dead === 1)
  const { host = '', port } = (await connect()).options
  const show = async (args: readonly string[], context = {}) => {
    let out = ''
    const print = { out: (text: string) => void (out += text), err: () => {}, paint: (_: string, text: string) => text }
    const base = ['dead', 'show', id, '--queue', queue.name, '--redis', `redis://${host}:${port}`, '--json', ...args]
    return { code: await runQueueCommand(base, { ...print, ...context }), out }
  }

  const [hidden, revealed, blind] = [
    await show([], { cipher }),
    await show(['--reveal'], { cipher }),
    await show(['--reveal']),
  ]

  expect([hidden.code, revealed.code, blind.code]).toEqual([0, 0, 2])
  expect(hidden.out).not.toContain(SECRET)
  expect(revealed.out).toContain(SECRET)
  expect(blind.out).toContain('expected a queue with its cipher')
})
