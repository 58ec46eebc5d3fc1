import { format, inspect } from 'node:util'
import { createSecret, isSecret } from '@ops/config'
import { describe, expect, test } from 'vitest'
import { CANARY, expectNoCanary } from './canary.ts'

describe('createSecret()', () => {
  const secret = createSecret(CANARY, { previous: createSecret(`${CANARY}-old`) })
  const holder = { nested: [secret], map: new Map([['k', secret]]) }

  test('createSecret() gives a value that only reveal() shows', () => {
    expect(secret.reveal()).toBe(CANARY)
    expect(secret.previous?.reveal()).toBe(`${CANARY}-old`)
    expect(isSecret(secret)).toBe(true)
    expect(isSecret({ reveal: () => CANARY })).toBe(false)
  })

  test.each<[string, () => unknown]>([
    ['a template', () => `${secret}`],
    ['concatenation', () => `${String(secret)}${[secret]}`],
    ['JSON', () => JSON.stringify({ secret, holder: { ...holder } })],
    ['inspect', () => inspect(holder, { showHidden: true, depth: 9, getters: true })],
    [
      'inspect without custom renderings',
      () => inspect(secret, { customInspect: false, showHidden: true, getters: true, depth: 9 }),
    ],
    ['console formats', () => format('%s %j %o %O %d', secret, secret, secret, secret, secret)],
    ['spread', () => inspect({ ...secret }, { showHidden: true })],
    [
      'own and inherited properties',
      () =>
        inspect([Reflect.ownKeys(secret), Object.entries(secret), Object.getOwnPropertyDescriptors(secret)], {
          depth: 9,
        }),
    ],
    ['a structured clone', () => inspect(structuredClone({ secret }), { showHidden: true, depth: 9 })],
    ['an error that holds it', () => inspect(new Error(`bad ${secret}`, { cause: secret }), { showHidden: true })],
    ['locale text', () => secret.toLocaleString()],
    ['a key', () => Object.keys({ [secret as unknown as string]: 1 })[0]],
  ])('createSecret() shows nothing in %s', (_, render) => {
    expectNoCanary(String(render()))
  })

  test('createSecret() cannot be written to', () => {
    expect(Object.isFrozen(secret)).toBe(true)
    expect(() => Object.assign(secret, { reveal: () => 'x' })).toThrow(TypeError)
  })

  test('equals() compares with text and with other secrets, whatever their lengths', () => {
    expect(secret.equals(CANARY)).toBe(true)
    expect(secret.equals(`${CANARY} `)).toBe(false)
    expect(secret.equals('')).toBe(false)
    expect(secret.equals(createSecret(CANARY))).toBe(true)
    expect(secret.equals(createSecret('x'))).toBe(false)
    expect(secret.equals({ reveal: () => CANARY } as never)).toBe(false)
    expect(createSecret({ a: 1 }).equals(createSecret({ a: 1 }))).toBe(true)
  })
})
