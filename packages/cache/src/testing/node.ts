/** One process of the staleness checker: reads without pause, writes at random, and notes when what happened. */
import { writeFileSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { type FromNode, type NodeOrders, sharedMicros, type ToNode } from './protocol.ts'
import { Records } from './records.ts'
import type { CreateSubject, Subject } from './subject.ts'

const TURN_EVERY = 64
const reads = new Records()
const invalidations = new Records()
const answers = new Map<number, (version: number) => void>()
let nextId = 0
let quiet = false
let failedReads = 0
let writes = 0
let failedInvalidations = 0

const tell = (message: FromNode): void => {
  process.send?.(message)
}

function ask(type: 'load' | 'write', key: number): Promise<number> {
  const id = nextId++
  return new Promise((resolve) => {
    answers.set(id, resolve)
    tell({ type, id, key })
  })
}

async function read(subject: Subject, orders: NodeOrders): Promise<void> {
  for (let i = 0; !quiet && reads.length < orders.maxReads; i++) {
    const key = Math.floor(Math.random() * orders.keys)
    const begun = sharedMicros()
    try {
      reads.add(begun, key, await subject.get(String(key)))
    } catch {
      failedReads++
    }
    if (i % TURN_EVERY === 0) await nextTurn()
  }
}

async function write(subject: Subject, orders: NodeOrders, unconfirmed: Set<number>): Promise<void> {
  while (!quiet) {
    const key = Math.floor(Math.random() * orders.keys)
    const version = await ask('write', key)
    writes++
    if (!(await invalidate(subject, key, version))) unconfirmed.add(key)
    await pause(orders.writePauseMs * 2 * Math.random())
  }
}

async function invalidate(subject: Subject, key: number, version: number): Promise<boolean> {
  try {
    await subject.invalidate(String(key))
    invalidations.add(sharedMicros(), key, version)
    return true
  } catch {
    failedInvalidations++
    return false
  }
}

/** An application repeats an invalidation that was not confirmed; so does the checker, once faults are over. */
async function confirmAll(subject: Subject, unconfirmed: Set<number>): Promise<void> {
  for (const key of unconfirmed) {
    while (!(await invalidate(subject, key, 0))) await pause(20)
  }
}

async function run(orders: NodeOrders): Promise<void> {
  const { createSubject } = (await import(orders.subject)) as { createSubject: CreateSubject }
  const { redisUrl, name, settings, loadDelayMs } = orders
  const load = async (key: string): Promise<number> => {
    const version = await ask('load', Number(key))
    await pause(loadDelayMs * 2 * Math.random())
    return version
  }
  const subject = await createSubject({ redisUrl, name, load, settings })
  const unconfirmed = new Set<number>()
  const loops = [
    ...Array.from({ length: orders.readers }, () => read(subject, orders)),
    ...Array.from({ length: orders.writers }, () => write(subject, orders, unconfirmed)),
  ]
  process.on('message', (message: ToNode) => void obey(message, { subject, orders, loops, unconfirmed }))
  tell({ type: 'running' })
}

interface Running {
  readonly subject: Subject
  readonly orders: NodeOrders
  readonly loops: readonly Promise<void>[]
  readonly unconfirmed: Set<number>
}

async function obey(message: ToNode, { subject, orders, loops, unconfirmed }: Running): Promise<void> {
  if (message.type === 'answer') {
    answers.get(message.id)?.(message.version)
    answers.delete(message.id)
  } else if (message.type === 'quiesce') {
    quiet = true
    await Promise.all(loops)
    await confirmAll(subject, unconfirmed)
    writeFileSync(`${orders.file}.reads`, reads.toBuffer())
    writeFileSync(`${orders.file}.invalidations`, invalidations.toBuffer())
    tell({ type: 'quiet', counts: { reads: reads.length, failedReads, writes, failedInvalidations } })
  } else if (message.type === 'read-all') {
    const versions = await Promise.all(Array.from({ length: orders.keys }, (_, key) => subject.get(String(key))))
    tell({ type: 'all', versions })
  }
}

// The checker is gone: nobody is left to say that the reading may end.
process.once('disconnect', () => process.exit())

process.once('message', (message: ToNode) => {
  if (message.type !== 'orders') return
  run(message.orders).catch((error: unknown) => tell({ type: 'failed', message: String(error) }))
})
