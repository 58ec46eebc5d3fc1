/** Listeners that misbehave in every phase: the change is rolled back as a whole and the last good values stay. */
import { writeFile } from 'node:fs/promises'
import { type ChangeListener, type Config, defineConfig, int, loadConfig, secret, setting } from '@ops/config'
import { createTestClock, recordLogs, recordMetrics } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CANARY, expectNoCanary, logText, outputsOf } from './canary.ts'
import { useScratch } from './volumes.ts'

const settings = defineConfig({
  A: setting(int().default(1), 'A', { reload: 'live' }),
  B: setting(int().default(1), 'B', { reload: 'live' }),
  TOKEN: secret(z.string().default(CANARY), 'Token', { reload: 'live' }),
})
type Listener = ChangeListener<typeof settings>
const scratch = useScratch()

async function start() {
  const file = await scratch.file('app.yaml', 'A: 1\n')
  const clock = createTestClock()
  const { logger, records } = recordLogs()
  const metrics = recordMetrics()
  const config = await loadConfig(settings, {
    env: {},
    files: [file],
    clock,
    logger,
    meter: metrics.meter,
    listenerTimeoutMs: 1000,
  })
  const calls: string[] = []
  const witness = (name: string, over: Listener = {}): Listener => ({
    prepare: () => void calls.push(`${name} prepare`),
    commit: () => void calls.push(`${name} commit`),
    rollback: () => void calls.push(`${name} rollback`),
    notify: () => void calls.push(`${name} notify`),
    ...over,
  })
  const change = async () => {
    await writeFile(file, 'A: 2\nB: 2\n')
    return config.reload()
  }
  return { file, config, clock, records, metrics, calls, witness, change }
}

const fail = (): never => {
  throw new Error(`cannot connect with ${CANARY}`)
}

describe('onChange()', () => {
  test('onChange() prepares all, then commits all, then notifies all when nobody objects', async () => {
    const { config, calls, witness, change } = await start()
    config.onChange(
      ['A'],
      witness('one', { commit: () => void calls.push(`one commit, current A=${config.current.A}`) }),
    )
    config.onChange(
      ['B'],
      witness('two', { notify: ({ after }) => void calls.push(`two notify ${config.current === after}`) }),
    )

    expect((await change()).result).toBe('success')
    expect(calls).toEqual([
      'one prepare',
      'two prepare',
      'one commit, current A=1',
      'two commit',
      'one notify',
      'two notify true',
    ])
  })

  test('onChange() calls only who cares for a changed key, and nobody after unsubscribing', async () => {
    const { config, calls, witness, change } = await start()
    config.onChange(['TOKEN'], witness('other'))
    config.onChange(['A'], witness('gone'))()

    await change()

    expect(calls).toEqual([])
  })

  test.each<[string, Listener, string[]]>([
    ['prepare throws', { prepare: fail }, ['one prepare', 'two rollback', 'one rollback']],
    ['prepare rejects', { prepare: async () => fail() }, ['one prepare', 'two rollback', 'one rollback']],
    [
      'commit throws',
      { commit: fail },
      ['one prepare', 'two prepare', 'three prepare', 'one commit', 'three rollback', 'two rollback', 'one rollback'],
    ],
    [
      'commit rejects',
      { commit: async () => fail() },
      ['one prepare', 'two prepare', 'three prepare', 'one commit', 'three rollback', 'two rollback', 'one rollback'],
    ],
  ])('onChange() rolls everyone back, last first, when %s', async (_, over, expected) => {
    const { config, calls, witness, change, records, metrics } = await start()
    for (const [name, faults] of [
      ['one', {}],
      ['two', over],
      ['three', {}],
    ] as const)
      config.onChange(['A', 'B'], witness(name, faults))
    const before = config.current

    const outcome = await change()

    expect(outcome).toEqual({ result: 'vetoed', keys: ['A', 'B'], problems: [] })
    expect(calls).toEqual(expected)
    expect(config.current).toBe(before)
    expect(config.status()).toMatchObject({ generation: 1, lastReload: { result: 'vetoed' } })
    expect(metrics.value('config_last_reload_successful')).toBe(0)
    expect(metrics.value('config_reloads_total', { result: 'vetoed' })).toBe(1)
    expectNoCanary(logText(records), JSON.stringify(outcome), outputsOf(settings, config as Config))
    expect(logText(records)).toContain('cannot connect with [secret]')
  })

  test('onChange() goes on rolling back when a rollback throws', async () => {
    const { config, calls, witness, change, records } = await start()
    config.onChange(['A'], witness('one'))
    config.onChange(['A'], witness('two', { prepare: fail, rollback: fail }))

    await change()

    expect(calls).toEqual(['one prepare', 'one rollback'])
    expect(records.map(({ fields }) => fields['step']).filter(Boolean)).toEqual(['prepare', 'rollback'])
    expectNoCanary(logText(records))
  })

  test.each(['prepare', 'commit'] as const)(
    'onChange() vetoes and aborts the signal when %s hangs beyond its time',
    async (step) => {
      const { config, clock, witness, change } = await start()
      let signal: AbortSignal | undefined
      config.onChange(
        ['A'],
        witness('hanging', { [step]: (_: unknown, given: AbortSignal) => new Promise(() => void (signal = given)) }),
      )

      const running = change()
      await clock.waitForTimers(1)
      await clock.advance(1000)

      expect((await running).result).toBe('vetoed')
      expect(signal?.aborted).toBe(true)
      expect(config.current.A).toBe(1)
      expect(clock.pendingTimers).toBe(0)
    },
  )

  test('onChange() tells the next listener when one throws or rejects on notify', async () => {
    const { config, calls, witness, change, records } = await start()
    config.onChange(['A'], witness('one', { notify: fail }))
    config.onChange(['A'], witness('two', { notify: (async () => fail()) as () => void }))
    config.onChange(['A'], witness('three'))

    expect((await change()).result).toBe('success')
    expect(calls.at(-1)).toBe('three notify')
    expect(records.filter(({ fields }) => fields['step'] === 'notify')).toHaveLength(2)
    expectNoCanary(logText(records))
  })

  test('onChange() lets a listener trigger a reload: it runs after the change, and waiting for it inside is a veto', async () => {
    const { config, clock, witness, change } = await start()
    const inner: Promise<unknown>[] = []
    config.onChange(['A'], witness('asking', { notify: () => void inner.push(config.reload()) }))
    const stop = config.onChange(['B'], witness('waiting', { prepare: () => config.reload().then(() => {}) }))

    const vetoed = change()
    await clock.waitForTimers(1)
    await clock.advance(1000)
    expect((await vetoed).result).toBe('vetoed')

    stop()
    await config.reload()
    expect(config.current.A).toBe(2)
    expect(inner).toHaveLength(1)
    expect(await inner[0]).toMatchObject({ result: 'unchanged' })
  })

  test('onChange() asks again at the next reload after a veto', async () => {
    const { config, witness, change } = await start()
    let attempts = 0
    config.onChange(['A'], witness('moody', { prepare: () => (attempts++ === 0 ? fail() : undefined) }))

    expect((await change()).result).toBe('vetoed')
    expect((await config.reload()).result).toBe('success')
    expect(config.current).toMatchObject({ A: 2, B: 2 })
  })
})
