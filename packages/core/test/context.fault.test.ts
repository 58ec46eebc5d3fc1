/** What the waist withstands: foreign managers, spans without ids, listeners that throw, work that outlives its unit. */
import { EventEmitter } from 'node:events'
import { context as otel, ROOT_CONTEXT } from '@opentelemetry/api'
import { createContext, createSecretRegistry, currentContext, registerContextManager, runInContext } from '@ops/core'
import { expect, test } from 'vitest'

test('registerContextManager() is false and leaves the other one in place when another manager was first', () => {
  const foreign = {
    active: () => ROOT_CONTEXT,
    with: (_context: unknown, fn: (...args: unknown[]) => unknown, thisArg: unknown, ...args: unknown[]) =>
      fn.apply(thisArg, args),
    bind: (_context: unknown, target: unknown) => target,
    enable: () => foreign,
    disable: () => foreign,
  }
  otel.setGlobalContextManager(foreign as never)

  try {
    expect(registerContextManager()).toBe(false)
    expect(runInContext(createContext(), () => otel.active())).toBe(ROOT_CONTEXT)
  } finally {
    otel.disable()
  }
  expect(registerContextManager()).toBe(true)
})

test('SecretRegistry.add() tells every listener and then throws when one of them throws', () => {
  const registry = createSecretRegistry()
  const heard: string[] = []
  registry.onAdd(() => {
    throw new Error('broken listener')
  })
  registry.onAdd((value) => heard.push(value))

  expect(() => registry.add('hunter22')).toThrow('broken listener')

  expect(heard).toEqual(['hunter22'])
  expect(registry.values()).toEqual(['hunter22'])
})

test('currentContext() is gone when a bound listener has thrown', () => {
  registerContextManager()
  const emitter = otel.bind(createContext(), new EventEmitter())
  emitter.on('x', () => {
    throw new Error('broken listener')
  })

  expect(() => emitter.emit('x')).toThrow('broken listener')
  expect(currentContext()).toBeUndefined()
})

test('currentContext() is undefined when a foreign OpenTelemetry context is active', () => {
  registerContextManager()

  expect(otel.with(ROOT_CONTEXT.setValue(Symbol('x'), 1), () => currentContext())).toBeUndefined()
})

test('runInContext() lets a rejection through and leaves nothing behind when asynchronous work fails', async () => {
  const failing = () => runInContext(createContext(), async () => Promise.reject(new Error('inside')))

  await expect(failing()).rejects.toThrow('inside')
  expect(currentContext()).toBeUndefined()
})
