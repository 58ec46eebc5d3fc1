import { setFlagsFromString } from 'node:v8'
import { defineConfig, int, loadConfig, setting } from '@ops/config'
import { describe, expect, test } from 'vitest'

describe('current', () => {
  test.each([1, 30, 100, 300])(
    'current has the fast properties of a literal when there are %i settings',
    async (count) => {
      setFlagsFromString('--allow-natives-syntax')
      const hasFastProperties = new Function('object', 'return %HasFastProperties(object)') as (
        object: object,
      ) => boolean
      const names = Array.from({ length: count }, (_, index) => `KEY_${index}`)
      const settings = defineConfig(
        Object.fromEntries(names.map((name) => [name, setting(int().default(1), 'A number')])),
      )

      const config = await loadConfig(settings, { env: { KEY_0: '7' } })

      expect(hasFastProperties(config.current)).toBe(true)
      expect(config.current['KEY_0']).toBe(7)
      expect(Object.keys(config.current)).toEqual(names)
    },
  )

  test('current cannot be written to, and has no key that was not declared', async () => {
    const config = await loadConfig(defineConfig({ A: setting(int().default(1), 'A number') }), { env: {} })

    expect(() => Object.assign(config.current, { A: 2 })).toThrow(TypeError)
    expect(() => Object.assign(config.current, { B: 2 })).toThrow(TypeError)
    expect(Object.keys(config.current)).toEqual(['A'])
  })
})
