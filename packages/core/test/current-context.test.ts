import { EventEmitter } from 'node:events'
import { context as otel } from '@opentelemetry/api'
import {
  createContext,
  currentContext,
  isOpsError,
  registerContextManager,
  requireTenant,
  runInContext,
  sleep,
} from '@ops/core'
import { beforeAll, expect, test } from 'vitest'

beforeAll(() => {
  registerContextManager()
})

test('currentContext() is undefined when no unit of work runs', () => {
  expect(currentContext()).toBeUndefined()
})

test('runInContext() returns what the function returns and leaves nothing behind when it ends', () => {
  const context = createContext()

  const seen = runInContext(context, () => currentContext())

  expect(seen).toBe(context)
  expect(currentContext()).toBeUndefined()
})

test('runInContext() leaves nothing behind when the function throws', () => {
  const failing = () => {
    throw new Error('inside')
  }

  expect(() => runInContext(createContext(), failing)).toThrow('inside')
  expect(currentContext()).toBeUndefined()
})

test('runInContext() restores the outer context when it is nested', () => {
  const [outer, inner] = [createContext(), createContext()]

  const seen = runInContext(outer, () => [runInContext(inner, () => currentContext()), currentContext()])

  expect(seen).toEqual([inner, outer])
})

const awaitThen = async (done: () => void) => {
  await null
  done()
}

const ways: readonly [string, (done: () => void) => void][] = [
  ['a timer', (done) => setTimeout(done, 0)],
  ['setImmediate', (done) => setImmediate(done)],
  ['process.nextTick', (done) => process.nextTick(done)],
  ['queueMicrotask', (done) => queueMicrotask(done)],
  ['a promise', (done) => void Promise.resolve().then(done)],
  ["core's sleep", (done) => void sleep(0).then(done)],
  ['an async function that awaits', (done) => void awaitThen(done)],
  ['an event', (done) => void new EventEmitter().on('x', done).emit('x')],
]

test.each(ways)('currentContext() is the unit that started it when it runs from %s', async (_way, start) => {
  const context = createContext()

  const seen = await runInContext(context, () => new Promise((resolve) => start(() => resolve(currentContext()))))

  expect(seen).toBe(context)
})

test('currentContext() tells units apart when they are interleaved', async () => {
  const contexts = Array.from({ length: 50 }, () => createContext())
  const seenTwice = async () => {
    const before = currentContext()
    await sleep(0)
    return [before, currentContext()]
  }

  const seen = await Promise.all(contexts.map((context) => runInContext(context, seenTwice)))

  expect(seen).toEqual(contexts.map((context) => [context, context]))
})

test('context.bind() runs a function in its context when it is called elsewhere, with its own this and arguments', () => {
  const context = createContext()
  const target = {
    name: 'target',
    read(this: { name: string }, argument: number) {
      return [currentContext(), this.name, argument]
    },
  }

  const bound = { name: 'caller', read: otel.bind(context, target.read) }

  expect(bound.read(7)).toEqual([context, 'caller', 7])
  expect(bound.read.length).toBe(1)
})

test('context.bind() runs listeners in its context when another unit emits', () => {
  const [context, other] = [createContext(), createContext()]
  const emitter = otel.bind(context, new EventEmitter())
  const seen: unknown[] = []
  emitter.on('x', (argument) => seen.push(currentContext(), argument))

  const heard = runInContext(other, () => emitter.emit('x', 'argument'))

  expect(heard).toBe(true)
  expect(seen).toEqual([context, 'argument'])
})

test('context.bind() returns the target itself when it can be neither called nor listened to', () => {
  const target = { plain: true }

  expect(otel.bind(createContext(), target)).toBe(target)
})

test('requireTenant() returns the tenant when the unit has one', () => {
  const context = createContext()
  context.identify({ tenant: 'acme' })

  expect(runInContext(context, () => requireTenant('read orders'))).toBe('acme')
})

test.each([
  ['no unit of work runs', undefined],
  ['the unit has no tenant', createContext()],
  ['the tenant is empty', createContext({ tenant: '' })],
])('requireTenant() throws OPS_TENANT_REQUIRED that names the operation when %s', (_when, context) => {
  const ask = () => requireTenant('read orders')

  const act = context === undefined ? ask : () => runInContext(context, ask)

  expect(act).toThrow('Cannot read orders: no tenant in the context')
  expect(act).toThrow(expect.toSatisfy((error) => isOpsError(error, 'OPS_TENANT_REQUIRED')))
})

test('registerContextManager() is true again when it has registered before', () => {
  expect(registerContextManager()).toBe(true)
  expect(registerContextManager()).toBe(true)
})
