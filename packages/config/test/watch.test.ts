import { mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineConfig, int, type LoadConfigOptions, loadConfig, type SecretSource, secret, setting } from '@ops/config'
import { createTestClock, recordLogs, recordMetrics, type TestClock, waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createVolume, useScratch } from './volumes.ts'

const settings = defineConfig({
  A: setting(int().default(0), 'A', { reload: 'live' }),
  TOKEN: secret(z.string().optional(), 'Token', { reload: 'live' }),
})
const scratch = useScratch()
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const config of open.splice(0)) await config.close()
})

async function load(options: LoadConfigOptions) {
  const config = await loadConfig(settings, { env: {}, ...options })
  open.push(config)
  return config
}

/** Real time, with a debounce short enough for tests. */
const watch = { debounceMs: 5, maxDebounceMs: 50, pollMs: 86_400_000, sighup: false }

describe('watch sees', () => {
  test('an edit in place, a rename over, and a delete and recreate of a file', async () => {
    const file = await scratch.file('app.yaml', 'A: 1\n')
    const { logger, records } = recordLogs()
    const config = await load({ files: [file], watch, logger })

    await writeFile(file, 'A: 2\n')
    await waitFor(() => config.current.A === 2)

    await rename(await scratch.file('app.yaml.tmp', 'A: 3\n'), file)
    await waitFor(() => config.current.A === 3)

    await unlink(file)
    await waitFor(() => config.status().lastReload.result === 'failure')
    expect(config.current.A).toBe(3)
    expect(records.some(({ level }) => level === 'error')).toBe(true)
    await writeFile(file, 'A: 4\n')
    await waitFor(() => config.current.A === 4)
  })

  test('keys that come, change and go in a mounted directory', async () => {
    const mount = join(scratch.path, 'mount')
    await mkdir(mount)
    const config = await load({ mounts: [mount], watch })

    await writeFile(join(mount, 'A'), '1\n')
    await waitFor(() => config.current.A === 1)
    await writeFile(join(mount, 'A'), '2')
    await waitFor(() => config.current.A === 2)
    await unlink(join(mount, 'A'))
    await waitFor(() => config.current.A === 0)
  })

  test('a swap of a volume, for keys and for files in it', async () => {
    const volume = await createVolume(join(scratch.path, 'volume'), { 'app.yaml': 'A: 1\n' })
    const keys = await createVolume(join(scratch.path, 'keys'), { TOKEN: 'one' })
    const config = await load({ files: [join(volume.path, 'app.yaml')], mounts: [keys.path], watch })

    await volume.swap({ 'app.yaml': 'A: 2\n' })
    await keys.swap({ TOKEN: 'two' })

    await waitFor(() => config.current.A === 2 && config.current.TOKEN?.reveal() === 'two')
  })

  test('a file named by NAME_FILE, and .env', async () => {
    const named = await scratch.file('token', 'one\n')
    const dotenv = await scratch.file('.env', 'A=1\n')
    const config = await load({ env: { TOKEN_FILE: named }, dotenv, watch })

    await writeFile(named, 'two\n')
    await writeFile(dotenv, 'A=2\n')

    await waitFor(() => config.current.A === 2 && config.current.TOKEN?.reveal() === 'two')
  })

  test('a change made between the first reading and the watch', async () => {
    const file = await scratch.file('app.yaml', 'A: 1\n')
    const loading = load({ files: [file], watch })
    const config = await loading
    // Written before any event could be delivered, as soon as the configuration is there.
    await writeFile(file, 'A: 2\n')

    await waitFor(() => config.current.A === 2)
  })

  test('a directory removed and made again, at the poll', async () => {
    const directory = join(scratch.path, 'etc')
    await mkdir(directory)
    await writeFile(join(directory, 'app.yaml'), 'A: 1\n')
    const config = await load({ files: [join(directory, 'app.yaml')], watch: { ...watch, pollMs: 100 } })

    await rm(directory, { recursive: true })
    await waitFor(() => config.status().lastReload.result === 'failure')
    await mkdir(directory)
    await writeFile(join(directory, 'app.yaml'), 'A: 2\n')
    await waitFor(() => config.current.A === 2)
    await writeFile(join(directory, 'app.yaml'), 'A: 3\n')

    await waitFor(() => config.current.A === 3)
  })
})

describe('watch', () => {
  /** A source that signals by hand stands for file events: no real time is involved. */
  async function startByHand(options: LoadConfigOptions = {}) {
    const clock: TestClock = createTestClock()
    const metrics = recordMetrics()
    const hand = { value: '1', signal: (): void => {}, loads: 0 }
    const source: SecretSource = {
      name: 'hand',
      load: async () => {
        hand.loads++
        return { A: hand.value }
      },
      watch(changed) {
        hand.signal = changed
        return () => {
          hand.signal = () => {}
        }
      },
    }
    const config = await load({ sources: [source], clock, meter: metrics.meter, watch: true, ...options })
    const seen: number[] = []
    config.onChange(['A'], ({ after }) => void seen.push(after.A))
    const reloads = (): number =>
      (['success', 'unchanged', 'failure', 'vetoed'] as const).reduce(
        (sum, result) => sum + (metrics.value('config_reloads_total', { result }) ?? 0),
        0,
      )
    return { clock, config, hand, seen, reloads }
  }

  test('watch waits for 100 ms of quiet after the last event', async () => {
    const { clock, hand, seen, reloads } = await startByHand()
    hand.value = '2'

    hand.signal()
    await clock.advance(99)
    hand.signal()
    await clock.advance(99)
    expect(reloads()).toBe(0)
    await clock.advance(1)

    await waitFor(() => seen.length > 0)
    expect(seen).toEqual([2])
    expect(reloads()).toBe(1)
  })

  test('watch reloads after a second even when events never pause', async () => {
    const { clock, hand, seen, reloads } = await startByHand()
    hand.value = '2'

    for (let at = 0; at < 1000; at += 50) {
      hand.signal()
      await clock.advance(50)
    }

    await waitFor(() => seen.length > 0)
    expect(seen).toEqual([2])
    expect(reloads()).toBe(1)
  })

  test('watch calls nobody for A to B to A within the debounce', async () => {
    const { clock, hand, seen, reloads } = await startByHand()
    hand.value = '2'
    hand.signal()
    hand.value = '1'
    hand.signal()

    await clock.advance(100)

    await waitFor(() => reloads() === 1)
    expect(seen).toEqual([])
  })

  test('watch makes one reload of a SIGHUP storm, and asks the sources again', async () => {
    const { clock, hand, seen, reloads, config } = await startByHand()
    const loadsBefore = hand.loads
    hand.value = '2'

    for (let i = 0; i < 1000; i++) process.emit('SIGHUP')
    await clock.advance(100)

    await waitFor(() => seen.length > 0)
    expect(reloads()).toBe(1)
    expect(hand.loads).toBe(loadsBefore + 1)
    await config.close()
    expect(process.listenerCount('SIGHUP')).toBe(0)
  })

  test('watch polls the content every 30 s for what events miss', async () => {
    const file = await scratch.file('app.yaml', 'A: 5\n')
    const { clock, config, reloads } = await startByHand({ sources: [], files: [file], env: {} })
    // The start itself counts as an event: what changed before the watch began made none.
    await clock.advance(100)
    await waitFor(() => reloads() === 1)

    await clock.advance(29_899)
    expect(reloads()).toBe(1)
    await clock.advance(1)

    await waitFor(() => reloads() === 2)
    expect(config.status()).toMatchObject({ watching: true, lastReload: { result: 'unchanged' } })
  })

  test('watch goes by the poll alone, and says so once, where a directory is not there', async () => {
    const { logger, records } = recordLogs()
    const absent = join(scratch.path, 'none', 'local.yaml')
    const { clock, reloads } = await startByHand({
      sources: [],
      files: [{ path: absent, optional: true }],
      env: {},
      logger,
    })

    await clock.advance(29_000)
    expect(reloads()).toBe(0)
    for (let minute = 1; minute <= 2; minute++) {
      await clock.advance(60_000)
      await waitFor(() => reloads() >= minute)
    }

    expect(reloads()).toBeLessThanOrEqual(4)
    expect(records.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'Cannot watch a configuration directory: relying on the poll'],
    ])
  })

  test('watch stops all timers and the sources when closed', async () => {
    const { clock, config, hand, reloads } = await startByHand()
    hand.signal()

    await config.close()
    await clock.advance(60_000)

    expect(clock.pendingTimers).toBe(0)
    expect(reloads()).toBe(0)
    expect(config.status().watching).toBe(false)
  })

  test.each([
    [{ debounceMs: -1 }, 'watch.debounceMs is -1, expected milliseconds from 0 to 60000'],
    [{ debounceMs: 500, maxDebounceMs: 100 }, 'watch.maxDebounceMs is 100, expected milliseconds from 500 to 600000'],
    [{ pollMs: 1 }, 'watch.pollMs is 1, expected milliseconds from 100 to 86400000'],
  ])('watch throws for %j', async (options, message) => {
    await expect(loadConfig(settings, { env: {}, watch: options })).rejects.toThrow(message)
  })
})
