import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Config,
  type ConfigChange,
  defineConfig,
  group,
  int,
  isSecret,
  list,
  loadConfig,
  oneOf,
  secret,
  setting,
} from '@ops/config'
import { createTestClock, recordLogs, recordMetrics } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CANARY, expectNoCanary, logText, outputsOf } from './canary.ts'
import { useScratch } from './volumes.ts'

const settings = defineConfig({
  LEVEL: setting(oneOf('debug', 'info').default('info'), 'Level', { reload: 'live' }),
  HOSTS: setting(list().default(['a']), 'Hosts', { reload: 'live' }),
  WORKERS: setting(int({ min: 1 }).default(4), 'Workers'),
  TOKEN: secret(z.string().min(8).optional(), 'Token', { reload: 'live' }),
  ...group(
    'window',
    {
      WINDOW_MIN: setting(int().default(1), 'Least', { reload: 'live' }),
      WINDOW_MAX: setting(int().default(10), 'Most', { reload: 'live' }),
      WINDOW_KIND: setting(oneOf('open', 'closed').default('open'), 'Kind'),
    },
    {
      check: ({ WINDOW_MIN, WINDOW_MAX }) =>
        WINDOW_MIN > WINDOW_MAX ? 'WINDOW_MIN is above WINDOW_MAX, expected at most it' : undefined,
    },
  ),
})
const scratch = useScratch()

async function start(text = 'LEVEL: info\n') {
  const file = await scratch.file('app.yaml', text)
  const logs = recordLogs()
  const metrics = recordMetrics()
  const clock = createTestClock()
  const config = await loadConfig(settings, {
    env: {},
    files: [file],
    logger: logs.logger,
    meter: metrics.meter,
    clock,
  })
  const changes: ConfigChange<typeof settings>[] = []
  config.onChange(Object.keys(settings) as 'LEVEL'[], (change) => changes.push(change))
  return {
    file,
    config,
    changes,
    clock,
    records: logs.records,
    metrics,
    write: (next: string) => writeFile(file, next),
  }
}

describe('reload()', () => {
  test('reload() publishes a new frozen snapshot and keeps the identity of what did not change', async () => {
    const { config, changes, write } = await start(`LEVEL: info\nHOSTS: [x, y]\nTOKEN: ${CANARY}\n`)
    const before = config.current
    await write(`LEVEL: debug\nHOSTS: [x, y]\nTOKEN: ${CANARY}\n`)

    const outcome = await config.reload()

    expect(outcome).toEqual({ result: 'success', keys: ['LEVEL'], problems: [] })
    expect(before.LEVEL).toBe('info')
    expect(config.current.LEVEL).toBe('debug')
    expect(config.current.HOSTS).toBe(before.HOSTS)
    expect(config.current.TOKEN).toBe(before.TOKEN)
    expect(Object.isFrozen(config.current)).toBe(true)
    expect(changes).toMatchObject([
      { keys: ['LEVEL'], trigger: 'reload', generation: 2, before, after: config.current },
    ])
  })

  test('reload() calls nobody when the content is equal, however it is written', async () => {
    const { config, changes, write, metrics } = await start('LEVEL: info\nHOSTS: [a]\n')
    const before = config.current
    await write('# the same\nHOSTS: ["a"]\nLEVEL: "info"\n')

    expect((await config.reload()).result).toBe('unchanged')
    expect(changes).toEqual([])
    expect(config.current).toBe(before)
    expect(metrics.value('config_reloads_total', { result: 'unchanged' })).toBe(1)
  })

  test('reload() leaves restart-only changes waiting, with the rest of their group, until they are taken back', async () => {
    const { config, changes, write, metrics } = await start()
    await write('LEVEL: debug\nWORKERS: 8\nWINDOW_MAX: 20\nWINDOW_KIND: closed\n')

    await config.reload()

    expect(config.current).toMatchObject({ LEVEL: 'debug', WORKERS: 4, WINDOW_MAX: 10, WINDOW_KIND: 'open' })
    expect(config.status().pendingRestart).toEqual(['WORKERS', 'WINDOW_MAX', 'WINDOW_KIND'])
    expect(config.explain('WORKERS')).toMatchObject({ value: 4, pendingRestart: true, layer: 'default' })
    expect(metrics.value('config_pending_restart')).toBe(3)
    expect(changes.map(({ keys }) => keys)).toEqual([['LEVEL']])

    await write('LEVEL: debug\nWINDOW_MAX: 20\n')
    await config.reload()

    expect(config.current).toMatchObject({ WORKERS: 4, WINDOW_MAX: 20 })
    expect(config.status().pendingRestart).toEqual([])
    expect(metrics.value('config_pending_restart')).toBe(0)
  })

  test('reload() refuses a group whose values do not fit together, and everything with it', async () => {
    const { config, write } = await start()
    await write('LEVEL: debug\nWINDOW_MIN: 50\n')

    const { result, problems } = await config.reload()

    expect(result).toBe('failure')
    expect(problems).toEqual([
      {
        reason: 'group',
        key: 'WINDOW_MIN, WINDOW_MAX, WINDOW_KIND',
        origin: 'group window',
        message: 'WINDOW_MIN is above WINDOW_MAX, expected at most it',
      },
    ])
    expect(config.current).toMatchObject({ LEVEL: 'info', WINDOW_MIN: 1 })
  })

  const bad: readonly [string, (file: string) => Promise<unknown>][] = [
    ['a bad value', (file) => writeFile(file, 'LEVEL: debug\nWORKERS: many\n')],
    ['a bad secret', (file) => writeFile(file, `LEVEL: debug\nTOKEN: ${CANARY.slice(-5)}\n`)],
    ['an empty file', (file) => writeFile(file, '')],
    ['half a file', (file) => writeFile(file, `LEVEL: debug\nTOKEN: "${CANARY}`)],
    ['a vanished file', (file) => rm(file)],
    ['an unknown key', (file) => writeFile(file, 'LEVEL: debug\nNOVEL: 1\n')],
    ['a list', (file) => writeFile(file, '- LEVEL\n')],
    ['binary', (file) => writeFile(file, Buffer.from([0xff, 0xfe, 0]))],
    [
      'a file replaced by a directory',
      async (file) =>
        rename(file, `${file}.old`).then(() => import('node:fs/promises').then(({ mkdir }) => mkdir(file))),
    ],
  ]
  test.each(bad)(
    'reload() keeps the last good values when there is %s, says so once, and recovers',
    async (_, spoil) => {
      const { config, changes, file, records, metrics, clock } = await start(`LEVEL: info\nTOKEN: ${CANARY}\n`)
      const before = config.current
      const loadedAt = metrics.value('config_last_reload_success_timestamp_seconds')
      await clock.advance(5000)
      await spoil(file)

      const outcomes = [await config.reload(), await config.reload()]

      expect(outcomes.map(({ result }) => result)).toEqual(['failure', 'failure'])
      expect(config.current).toBe(before)
      expect(changes).toEqual([])
      expect(config.status()).toMatchObject({
        generation: 1,
        lastReload: { result: 'failure', problems: outcomes[0]?.problems },
      })
      expect(metrics.value('config_last_reload_successful')).toBe(0)
      expect(metrics.value('config_last_reload_success_timestamp_seconds')).toBe(loadedAt)
      expect(metrics.value('config_reloads_total', { result: 'failure' })).toBe(2)
      expect(records.filter(({ level }) => level === 'error')).toHaveLength(1)
      expectNoCanary(logText(records), JSON.stringify(outcomes), outputsOf(settings, config as Config))

      await rm(file, { recursive: true, force: true })
      await writeFile(file, `LEVEL: debug\nTOKEN: ${CANARY}\n`)
      expect((await config.reload()).result).toBe('success')
      expect(config.current.LEVEL).toBe('debug')
      expect(metrics.value('config_last_reload_successful')).toBe(1)
    },
  )

  test('reload() fails when an optional file vanishes that was there, and not when it never was', async () => {
    const optional = join(scratch.path, 'local.json')
    const config = await loadConfig(settings, { env: {}, files: [{ path: optional, optional: true }] })
    expect((await config.reload()).result).toBe('unchanged')
    await writeFile(optional, '{ "LEVEL": "debug" }')
    expect((await config.reload()).result).toBe('success')
    await rm(optional)

    expect((await config.reload()).problems).toEqual([
      { reason: 'unreadable', key: optional, origin: undefined, message: 'does not exist, expected a file' },
    ])
    expect(config.current.LEVEL).toBe('debug')
  })

  test('reload() offers every secret it ever saw to the registry, refused ones too', async () => {
    const { config, write } = await start('TOKEN: first-secret\n')
    await write('TOKEN: second-secret\n')
    await config.reload()
    await write('TOKEN: short5\nWORKERS: 0\n')
    await config.reload()

    expect(config.secrets.values()).toEqual(expect.arrayContaining(['first-secret', 'second-secret', 'short5']))
    expect(isSecret(config.current.TOKEN)).toBe(true)
  })

  test('status() has a hash that replicas share and secrets do not touch', async () => {
    const hashOf = async (env: Record<string, string>) => (await loadConfig(settings, { env })).status().hash

    expect(await hashOf({ LEVEL: 'info', TOKEN: 'one-secret' })).toBe(await hashOf({ TOKEN: 'two-secret' }))
    expect(await hashOf({ LEVEL: 'debug' })).not.toBe(await hashOf({ LEVEL: 'info' }))
    expect(await hashOf({})).toMatch(/^[0-9a-f]{16}$/)
  })

  test('config_hash_info follows the hash', async () => {
    const { config, write, metrics } = await start()
    await write('LEVEL: debug\n')
    await config.reload()

    expect(metrics.series('config_hash_info')).toEqual([{ labels: { hash: config.status().hash }, value: 1 }])
    expect(metrics.problems).toEqual([])
  })

  test('reload() rejects after close(), and current stays readable', async () => {
    const { config } = await start()
    await config.close()
    await config.close()

    await expect(config.reload()).rejects.toMatchObject({
      code: 'OPS_CONFIG_CLOSED',
      message: 'Cannot reload configuration: it is closed, expected an open one',
    })
    await expect(config.override({ LEVEL: 'debug' }, { ttl: '1m', by: 'ann', reason: 'x' })).rejects.toMatchObject({
      code: 'OPS_CONFIG_CLOSED',
    })
    expect(config.current.LEVEL).toBe('info')
  })

  test('onChange() and explain() throw for a name that is not declared', async () => {
    const { config } = await start()

    expect(() => config.onChange(['LEVLE' as 'LEVEL'], () => {})).toThrow(
      'Cannot listen to "LEVLE": not declared, expected a declared setting',
    )
    expect(() => config.explain('toString' as 'LEVEL')).toThrow(TypeError)
  })
})
