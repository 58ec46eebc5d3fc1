import { createSecretRegistry } from '@ops/core'
import { expect, test } from 'vitest'

test('SecretRegistry.add() remembers a value once and tells listeners once when it is added again', () => {
  const registry = createSecretRegistry()
  const heard: string[] = []
  registry.onAdd((value) => heard.push(value))

  expect([registry.add('hunter22'), registry.add('hunter22')]).toEqual([true, true])

  expect(registry.values()).toEqual(['hunter22'])
  expect(heard).toEqual(['hunter22'])
})

test('SecretRegistry.add() refuses a value when it is so short that ordinary text would be blanked', () => {
  const registry = createSecretRegistry()

  expect([registry.add('abc'), registry.add(''), registry.add('abcd')]).toEqual([false, false, true])
  expect(registry.values()).toEqual(['abcd'])
})

test('SecretRegistry.values() keeps the old value when a secret has been rotated', () => {
  const registry = createSecretRegistry()

  registry.add('first-password')
  registry.add('second-password')

  expect(registry.values()).toEqual(['first-password', 'second-password'])
})

test('SecretRegistry.onAdd() tells nothing more when it was stopped', () => {
  const registry = createSecretRegistry()
  const heard: string[] = []

  registry.onAdd((value) => heard.push(value))()
  registry.add('hunter22')

  expect(heard).toEqual([])
})
