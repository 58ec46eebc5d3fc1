/** A ConfigMap volume swapped while it is read: never a mix of two generations, never a swap unseen. */
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, defineConfig, group, int, loadConfig, secret, setting } from '@ops/config'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CANARY, expectNoCanary, outputsOf } from './canary.ts'
import { createVolume, useScratch } from './volumes.ts'

const KEYS = ['ALPHA', 'BRAVO', 'DELTA', 'GAMMA', 'OMEGA'] as const
const live = { reload: 'live' } as const
const settings = defineConfig({
  ...group('all', {
    ALPHA: setting(int(), 'A', live),
    BRAVO: setting(int(), 'B', live),
    DELTA: setting(int(), 'D', live),
    GAMMA: setting(int(), 'G', live),
    OMEGA: setting(int(), 'O', live),
  }),
  FROM_FILE: setting(int(), 'The same number from a file of the volume', live),
  TOKEN: secret(z.string(), 'Carries the number too', live),
})
const scratch = useScratch()

const filesOf = (generation: number): Record<string, string> => ({
  ...Object.fromEntries(KEYS.map((key) => [key, `${generation}\n`])),
  TOKEN: `${CANARY}-${generation}`,
  'app.yaml': `FROM_FILE: ${generation}\n`,
})

/** The one generation all values are of; undefined when they are mixed. */
function generationOf(current: Config<typeof settings>['current']): number | undefined {
  const seen = new Set<number>([
    ...KEYS.map((key) => current[key]),
    current.FROM_FILE,
    Number(current.TOKEN.reveal().split('-').at(-1)),
  ])
  return seen.size === 1 ? [...seen][0] : undefined
}

describe('loadConfig() with a ConfigMap volume', () => {
  test('sees each of 100 swaps, mixes none, and readers see none mixed', async () => {
    const volume = await createVolume(join(scratch.path, 'volume'), filesOf(0))
    const watch = { debounceMs: 0, maxDebounceMs: 10, pollMs: 60_000, sighup: false }
    const config = await loadConfig(settings, {
      env: {},
      mounts: [volume.path],
      files: [join(volume.path, 'app.yaml')],
      watch,
    })
    const published: (number | undefined)[] = []
    config.onChange([...KEYS], ({ after }) => void published.push(generationOf(after)))
    let mixed = 0
    let reads = 0
    const readers = { running: true }
    const reading = (async () => {
      while (readers.running) {
        reads++
        if (generationOf(config.current) === undefined) mixed++
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()

    for (let generation = 1; generation <= 100; generation++) {
      // A reading under way while the volume is swapped: it must come out whole, old or new.
      const racing = config.reload()
      await volume.swap(filesOf(generation))
      expect((await racing).problems).toEqual([])
      await waitFor(() => generationOf(config.current) === generation)
    }
    readers.running = false
    await reading
    await config.close()

    expect(mixed).toBe(0)
    expect(reads).toBeGreaterThan(100)
    expect(published).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    expectNoCanary(outputsOf(settings, config as Config))
  })

  test('reads whole whichever moment of its reading the volume is swapped at', async () => {
    const volume = await createVolume(join(scratch.path, 'volume'), filesOf(0))
    const config = await loadConfig(settings, {
      env: {},
      mounts: [volume.path],
      files: [join(volume.path, 'app.yaml')],
    })
    const generations: (number | undefined)[] = []

    for (let generation = 1; generation <= 100; generation++) {
      const swap = await volume.stage(filesOf(generation))
      const racing = config.reload()
      // The reading takes some tens of turns of the event loop; each round swaps at another one.
      for (let turns = generation % 50; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      await swap()
      expect((await racing).problems).toEqual([])
      generations.push(generationOf(config.current))
    }

    expect(generations).not.toContain(undefined)
  })

  test('keeps the last good generation when a swap lacks a required key, and takes the next', async () => {
    const volume = await createVolume(join(scratch.path, 'volume'), filesOf(0))
    const config = await loadConfig(settings, {
      env: {},
      mounts: [volume.path],
      files: [join(volume.path, 'app.yaml')],
    })
    const { OMEGA: _, ...partial } = filesOf(1)
    await volume.swap(partial)

    expect((await config.reload()).problems).toMatchObject([{ reason: 'missing', key: 'OMEGA' }])
    expect(generationOf(config.current)).toBe(0)

    await volume.swap(filesOf(2))
    expect((await config.reload()).result).toBe('success')
    expect(generationOf(config.current)).toBe(2)
  })

  test('keeps the last good generation while ..data points nowhere', async () => {
    const volume = await createVolume(join(scratch.path, 'volume'), filesOf(0))
    const config = await loadConfig(settings, {
      env: {},
      mounts: [volume.path],
      files: [join(volume.path, 'app.yaml')],
    })
    await rm(join(volume.path, '..data'))
    await symlink('..gone', join(volume.path, '..data'))

    expect((await config.reload()).result).toBe('failure')
    expect(generationOf(config.current)).toBe(0)
  })

  test('keeps the last good values when a mounted directory vanishes, and takes it back when it returns', async () => {
    const mount = join(scratch.path, 'plain')
    const fill = async (generation: number) => {
      await mkdir(mount)
      for (const [name, text] of Object.entries(filesOf(generation))) await writeFile(join(mount, name), text)
    }
    await fill(0)
    const config = await loadConfig(settings, { env: {}, mounts: [mount], files: [join(mount, 'app.yaml')] })
    await rm(mount, { recursive: true })
    expect((await config.reload()).result).toBe('failure')
    expect(generationOf(config.current)).toBe(0)

    await fill(1)
    expect((await config.reload()).result).toBe('success')
    expect(generationOf(config.current)).toBe(1)
  })
})
