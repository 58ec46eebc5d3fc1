import { writeFile } from 'node:fs/promises'
import { createFileSource, defineConfig, loadConfig, type SecretSource, secret, setting } from '@ops/config'
import { createTestClock, waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CANARY, expectNoCanary, outputsOf, renderings } from './canary.ts'
import { useScratch } from './volumes.ts'

const settings = defineConfig({
  PASSWORD: secret(z.string().min(4), 'Password', { reload: 'live', overlap: '10m' }),
  PLAIN: secret(z.string().default('plain-secret'), 'Without overlap', { reload: 'live' }),
})
const scratch = useScratch()

async function start() {
  const file = await scratch.file('password', `${CANARY}-1`)
  const clock = createTestClock()
  const config = await loadConfig(settings, { env: { PASSWORD_FILE: file }, clock })
  const changes: string[] = []
  config.onChange(['PASSWORD'], ({ trigger, before, after }) => {
    const previous = after.PASSWORD.previous?.reveal().at(-1) ?? 'none'
    changes.push(
      `${trigger}: ${before.PASSWORD.reveal().at(-1)} -> ${after.PASSWORD.reveal().at(-1)}, previous ${previous}`,
    )
  })
  return {
    file,
    clock,
    config,
    changes,
    rotate: async (n: number) => writeFile(file, `${CANARY}-${n}`).then(() => config.reload()),
  }
}

describe('a rotated secret', () => {
  test('keeps its previous value for the overlap, then loses it with a change of its own', async () => {
    const { clock, config, changes, rotate } = await start()

    await rotate(2)
    expect(config.current.PASSWORD.previous?.reveal()).toBe(`${CANARY}-1`)
    await clock.advance(599_999)
    expect(config.current.PASSWORD.previous).toBeDefined()
    await clock.advance(1)

    expect(config.current.PASSWORD.previous).toBeUndefined()
    expect(config.current.PASSWORD.reveal()).toBe(`${CANARY}-2`)
    expect(changes).toEqual(['reload: 1 -> 2, previous 1', 'overlap-end: 2 -> 2, previous none'])
    expect((await config.reload()).result).toBe('unchanged')
    expect(config.secrets.values()).toEqual(expect.arrayContaining([`${CANARY}-1`, `${CANARY}-2`]))
    expectNoCanary(outputsOf(settings, config as never))
  })

  test('keeps only the value before when it is rotated again within the overlap', async () => {
    const { clock, config, rotate } = await start()
    await rotate(2)
    await clock.advance(300_000)
    await rotate(3)
    await clock.advance(300_000)

    expect(config.current.PASSWORD.previous?.reveal()).toBe(`${CANARY}-2`)
    expect(config.current.PASSWORD.previous?.previous).toBeUndefined()
    await clock.advance(300_000)
    expect(config.current.PASSWORD.previous).toBeUndefined()
  })

  test('loses its previous value later when a listener vetoes the end of the overlap', async () => {
    const { clock, config, rotate } = await start()
    await rotate(2)
    let isStubborn = true
    config.onChange(['PASSWORD'], {
      prepare: () => {
        if (isStubborn) throw new Error('still in use')
      },
    })
    await clock.advance(600_000)
    expect(config.current.PASSWORD.previous).toBeDefined()

    isStubborn = false
    await clock.advance(30_000)

    expect(config.current.PASSWORD.previous).toBeUndefined()
  })

  test('has no previous value without an overlap, and none is asked for without live reload', async () => {
    const file = await scratch.file('app.yaml', 'PLAIN: one-secret\n')
    const config = await loadConfig(settings, { env: { PASSWORD: CANARY }, files: [file] })
    await writeFile(file, 'PLAIN: two-secret\n')
    await config.reload()

    expect(config.current.PLAIN.previous).toBeUndefined()
    expect(() => secret(z.string(), 'x', { overlap: '1m' })).toThrow(
      "Cannot define secret: overlap 1m with reload 'restart', expected reload: 'live'",
    )
  })
})

describe('createFileSource()', () => {
  test('createFileSource() reads current and previous values, and follows the file', async () => {
    const path = await scratch.file(
      'secrets.json',
      JSON.stringify({ PASSWORD: { current: `${CANARY}-2`, previous: `${CANARY}-1` }, PLAIN: 'from-source' }),
    )
    const watch = { debounceMs: 5, maxDebounceMs: 50, pollMs: 60_000, sighup: false }
    const config = await loadConfig(settings, { env: {}, sources: [createFileSource({ path })], watch })
    expect(config.current.PASSWORD.previous?.reveal()).toBe(`${CANARY}-1`)
    expect(config.explain('PLAIN')).toMatchObject({ layer: 'source', origin: 'file source' })

    await writeFile(path, JSON.stringify({ PASSWORD: `${CANARY}-2`, PLAIN: 'rotated-source' }))
    await waitFor(() => config.current.PLAIN.equals('rotated-source'))
    // The overlap the source named is over once it names it no more; the declared one does not apply to it.
    expect(config.current.PASSWORD.previous).toBeUndefined()
    await config.close()
  })

  test.each([
    ['not there', undefined, 'OPS_CONFIG_SOURCE_UNREADABLE'],
    ['half written', `{"PASSWORD":"${CANARY}`, 'OPS_CONFIG_SOURCE_MALFORMED'],
    ['a list', `["${CANARY}"]`, 'OPS_CONFIG_SOURCE_MALFORMED'],
  ])('createFileSource() is one problem when the file is %s', async (_, text, code) => {
    const path = text === undefined ? '/nowhere/secrets.json' : await scratch.file('secrets.json', text)

    const failure = await loadConfig(settings, {
      env: { PASSWORD: CANARY },
      sources: [createFileSource({ path })],
    }).catch((error: Error) => error)

    expect((failure as Error).message).toContain(`file source: cannot be loaded (${code}), expected its secrets`)
    expectNoCanary(renderings(failure))
  })
})

describe('a secret source', () => {
  const source = (load: SecretSource['load'], name = 'manager'): SecretSource => ({ name, load })

  test.each([
    ['rejects with the secret in its message', () => Promise.reject(new Error(CANARY)), 'cannot be loaded (error)'],
    [
      'rejects with a secret as its code',
      () => Promise.reject(Object.assign(new Error('x'), { code: CANARY })),
      'cannot be loaded (error)',
    ],
    [
      'throws at once',
      () => {
        throw new Error(CANARY)
      },
      'cannot be loaded (error)',
    ],
    [
      'answers a number',
      () => Promise.resolve({ PASSWORD: 12345678 } as never),
      'is no text, expected text or { current, previous }',
    ],
    [
      'answers a map',
      () => Promise.resolve({ PASSWORD: { value: CANARY } } as never),
      'is no text, expected text or { current, previous }',
    ],
    [
      'answers an undeclared name',
      () => Promise.resolve({ PASSWORD: CANARY, NOVEL: CANARY }),
      'NOVEL: is no declared setting',
    ],
    [
      'answers __proto__',
      () => Promise.resolve(JSON.parse(`{"PASSWORD":"${CANARY}","__proto__":"${CANARY}"}`)),
      '__proto__: is a forbidden name',
    ],
  ])('is a problem without its words when it %s', async (_, load, line) => {
    const failure = await loadConfig(settings, { env: {}, sources: [source(load)] }).catch((error: Error) => error)

    expect((failure as Error).message).toContain(line)
    expectNoCanary(renderings(failure))
  })

  test('is given up and aborted after its time', async () => {
    const clock = createTestClock()
    let signal: AbortSignal | undefined
    const hanging = source((given) => new Promise(() => void (signal = given)))

    const loading = loadConfig(settings, { env: {}, sources: [hanging], clock, sourceTimeoutMs: 500 }).catch(
      (error: Error) => error,
    )
    await clock.waitForTimers(1)
    await clock.advance(500)

    expect(((await loading) as Error).message).toContain('manager: cannot be loaded (TIMEOUT), expected its secrets')
    expect(signal?.aborted).toBe(true)
  })

  test('does not stop other changes while it is down', async () => {
    const both = defineConfig({ ...settings, LEVEL: setting(z.string().default('a'), 'Level', { reload: 'live' }) })
    const file = await scratch.file('app.yaml', 'LEVEL: a\n')
    let isDown = false
    const flaky = source(async () => {
      if (isDown) throw Object.assign(new Error(CANARY), { code: 'ECONNREFUSED' })
      return { PASSWORD: CANARY }
    })
    const config = await loadConfig(both, { env: {}, files: [file], sources: [flaky] })
    isDown = true
    await writeFile(file, 'LEVEL: b\n')

    const outcome = await config.reload()

    expect(config.current.LEVEL).toBe('b')
    expect(outcome).toMatchObject({
      result: 'failure',
      keys: ['LEVEL'],
      problems: [{ key: 'manager', message: 'cannot be loaded (ECONNREFUSED), expected its secrets' }],
    })
    expectNoCanary(renderings(config.status()))
  })

  test('must have a name of its own', async () => {
    const load = async () => ({})
    await expect(loadConfig(settings, { env: {}, sources: [source(load), source(load)] })).rejects.toThrow(
      'two sources are named "manager", expected distinct names',
    )
  })
})
