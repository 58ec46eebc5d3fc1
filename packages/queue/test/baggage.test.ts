import { propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import { createContext, currentContext, runInContext } from '@ops/core'
import { waitFor } from '@ops/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createQueue, defineJob } from '../src/index.ts'
import { connect, connectQueue, startWorker, uniqueName } from './fixture.ts'

const job = defineJob('job', { schema: z.object({ n: z.number() }) })

test('enqueue() carries the baggage that the queue names, and handlers see no more than their queue names', async () => {
  const name = uniqueName()
  const producer = await connectQueue([job], { name, baggage: ['cell', 'experiment', 'long', 'absent'] })
  const consumer = await connectQueue([job], { name, baggage: ['cell', 'long'] })
  const entries = { cell: 'eu-1', experiment: 'b', session: 'secret', long: 'x'.repeat(300) }
  const baggage = propagation.createBaggage(
    Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, { value }])),
  )
  const base = propagation.setBaggage(ROOT_CONTEXT, baggage)
  const seen: unknown[] = []

  const { id } = await runInContext(createContext({ base }), () => producer.enqueue(job, { n: 1 }))
  const stored = await (await connect()).hget(`{ops:${name}}:${name}:${id}`, 'data')
  await startWorker(consumer, {
    job: () => {
      const context = currentContext()
      seen.push(context && propagation.getBaggage(context)?.getAllEntries())
    },
  })
  await waitFor(async () => (await consumer.status()).completed === 1)

  expect(JSON.parse(stored as string).b).toEqual({ cell: 'eu-1', experiment: 'b' })
  expect(seen).toEqual([[['cell', { value: 'eu-1' }]]])
})

test('enqueue() carries no baggage when the queue names none', async () => {
  const queue = await connectQueue([job])
  const base = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ cell: { value: 'eu-1' } }))

  const { id } = await runInContext(createContext({ base }), () => queue.enqueue(job, { n: 1 }))

  const stored = await (await connect()).hget(`{ops:${queue.name}}:${queue.name}:${id}`, 'data')
  expect(JSON.parse(stored as string)).not.toHaveProperty('b')
})

test('createQueue() refuses baggage names that cannot be, and too many', async () => {
  const redis = await connect()

  expect(() => createQueue('q', { redis, jobs: [], baggage: ['a b'] })).toThrow(TypeError)
  expect(() => createQueue('q', { redis, jobs: [], baggage: Array.from({ length: 17 }, (_, i) => `n${i}`) })).toThrow(
    RangeError,
  )
})
