import { writeFile } from 'node:fs/promises'
import { defineConfig, duration, int, list, loadConfig, oneOf, secret, setting } from '@ops/config'
import { createTestClock, recordLogs } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CANARY, expectNoCanary, logText } from './canary.ts'
import { useScratch } from './volumes.ts'

const settings = defineConfig({
  LEVEL: setting(oneOf('debug', 'info').default('info'), 'Level', { reload: 'live' }),
  LIMIT: setting(int({ min: 1 }).default(600), 'Limit', { reload: 'live' }),
  WAIT: setting(duration().default(1000), 'Wait', { reload: 'live' }),
  HOSTS: setting(list().default(['a']), 'Hosts', { reload: 'live' }),
  WORKERS: setting(int().default(4), 'Workers'),
  TOKEN: secret(z.string().default(CANARY), 'Token', { reload: 'live' }),
})
const why = { ttl: '15m', by: 'ann', reason: 'INC-42' } as const
const scratch = useScratch()

async function start() {
  const file = await scratch.file('app.yaml', 'LIMIT: 100\n')
  const clock = createTestClock()
  const { logger, records } = recordLogs()
  const config = await loadConfig(settings, { env: { LEVEL: 'info' }, files: [file], clock, logger })
  return { file, clock, config, records }
}

describe('override()', () => {
  test('override() holds above the environment until its time is up, with author and reason', async () => {
    const { clock, config, records } = await start()
    const changes: string[] = []
    config.onChange(['LEVEL'], ({ trigger, after }) => void changes.push(`${trigger} ${after.LEVEL}`))

    await config.override({ LEVEL: 'debug', WAIT: '5s', HOSTS: ['x', 'y'] }, why)

    expect(config.current).toMatchObject({ LEVEL: 'debug', WAIT: 5000, HOSTS: ['x', 'y'] })
    expect(config.explain('LEVEL')).toMatchObject({
      layer: 'override',
      origin: 'ann: INC-42',
      shadowed: [{ layer: 'environment', origin: 'environment' }],
    })
    expect(config.status().overrides[0]).toEqual({
      key: 'LEVEL',
      by: 'ann',
      reason: 'INC-42',
      expiresAt: '2026-01-01T00:15:00.000Z',
    })

    await clock.advance(900_000)

    expect(config.current).toMatchObject({ LEVEL: 'info', WAIT: 1000, HOSTS: ['a'] })
    expect(config.status().overrides).toEqual([])
    expect(changes).toEqual(['override debug', 'override-end info'])
    expect(records.map(({ message }) => message)).toEqual([
      'Configuration changed',
      'Configuration overridden',
      'Configuration changed',
    ])
    expect(clock.pendingTimers).toBe(0)
  })

  test('override() outlives a reload, and works while the files are bad', async () => {
    const { file, config } = await start()
    await writeFile(file, 'LIMIT: none\n')
    expect((await config.reload()).result).toBe('failure')

    await config.override({ LIMIT: 5 }, why)
    expect(config.current.LIMIT).toBe(5)
    await writeFile(file, 'LIMIT: 200\nLEVEL: debug\n')
    await config.reload()

    expect(config.current.LIMIT).toBe(5)
    await config.clearOverrides(['LIMIT'])
    expect(config.current.LIMIT).toBe(200)
  })

  test('override() replaces an earlier one of the same key, whose end then does nothing', async () => {
    const { clock, config } = await start()
    await config.override({ LIMIT: 5 }, { ...why, ttl: '1m' })
    await config.override({ LIMIT: 6 }, { ...why, ttl: '10m' })

    await clock.advance(60_000)
    expect(config.current.LIMIT).toBe(6)
    await config.clearOverrides()
    expect(config.current.LIMIT).toBe(100)
  })

  test.each([
    [{ NOVEL: 1 }, 'Cannot override NOVEL: no such setting, expected a declared name'],
    [{ constructor: 1 }, 'Cannot override constructor: no such setting, expected a declared name'],
    [{ TOKEN: CANARY }, 'Cannot override TOKEN: a secret, expected a setting (rotate secrets at their source)'],
    [{ WORKERS: 8 }, 'Cannot override WORKERS: read at start only, expected a live setting'],
    [{ LIMIT: 0 }, 'Cannot override LIMIT: LIMIT: a number, expected a whole number of at least 1 (at ann: INC-42)'],
    [
      { LIMIT: '5x' },
      'Cannot override LIMIT: LIMIT: text of 2 characters, expected a whole number of at least 1 (at ann: INC-42)',
    ],
    [
      { LEVEL: CANARY, LIMIT: 7 },
      'Cannot override LEVEL, LIMIT: LEVEL: text of 18 characters, expected one of debug, info (at ann: INC-42)',
    ],
  ])('override() refuses %j and changes nothing', async (values, message) => {
    const { config, clock, records } = await start()
    const before = config.current

    await expect(config.override(values as never, why)).rejects.toMatchObject({
      code: 'OPS_CONFIG_OVERRIDE_REFUSED',
      message,
    })
    expect(config.current).toBe(before)
    expect(config.status().overrides).toEqual([])
    expect(clock.pendingTimers).toBe(0)
    expectNoCanary(logText(records), message)
  })

  test.each([
    [{ ...why, by: ' ' }, 'Cannot override: by is missing, expected text'],
    [{ ...why, reason: '' }, 'Cannot override: reason is missing, expected text'],
    [{ ...why, ttl: 'soon' }, 'Cannot use the ttl of an override'],
    [{ ...why, ttl: 0 }, 'Cannot override: ttl 0 ms, expected above 0'],
    [{ ...why, ttl: '25d' }, 'Cannot override: ttl 2160000000 ms, expected above 0'],
  ])('override() throws for options %j', async (options, message) => {
    const { config } = await start()

    await expect(config.override({ LIMIT: 5 }, options)).rejects.toThrow(message)
  })

  test('override() is refused when a listener vetoes, and the override before it stays', async () => {
    const { config } = await start()
    await config.override({ LIMIT: 5 }, why)
    config.onChange(['LIMIT'], {
      prepare: () => {
        throw new Error('no')
      },
    })

    await expect(config.override({ LIMIT: 6 }, why)).rejects.toMatchObject({ code: 'OPS_CONFIG_OVERRIDE_REFUSED' })
    expect(config.current.LIMIT).toBe(5)
    expect(config.status().overrides).toHaveLength(1)
  })

  test('override() whose end is vetoed is ended later', async () => {
    const { config, clock } = await start()
    let isStubborn = true
    await config.override({ LIMIT: 5 }, { ...why, ttl: '1m' })
    config.onChange(['LIMIT'], {
      prepare: () => {
        if (isStubborn) throw new Error('not now')
      },
    })
    await clock.advance(60_000)
    expect(config.current.LIMIT).toBe(5)

    isStubborn = false
    await clock.advance(30_000)

    expect(config.current.LIMIT).toBe(100)
  })
})
