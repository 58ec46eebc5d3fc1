import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCgroup } from '../../src/defaults/cgroup.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ops-cgroup-'))
})
afterEach(() => rm(root, { recursive: true }))

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
}
const read = () => readCgroup(root, join(root, 'self'))

describe('readCgroup()', () => {
  test('reads quota, limit, working set and throttling when version 2 is mounted', async () => {
    await write({
      'cgroup.controllers': 'cpu memory',
      'cpu.max': '50000 100000\n',
      'memory.max': '268435456\n',
      'memory.current': '1000000\n',
      'memory.stat': 'anon 1\ninactive_file 400000\nfile 2\n',
      'cpu.stat': 'usage_usec 5\nnr_periods 100\nnr_throttled 7\nthrottled_usec 2500000\n',
    })

    expect(await read()).toEqual({
      cpuCores: 0.5,
      memoryLimitBytes: 268_435_456,
      workingSetBytes: 600_000,
      throttling: { periods: 100, throttledPeriods: 7, throttledSeconds: 2.5 },
    })
  })

  test('finds no limits when version 2 says max, and reads its own folder outside a container', async () => {
    await write({
      'cgroup.controllers': 'cpu memory',
      self: '0::/user.slice/app\n',
      'user.slice/app/cpu.max': 'max 100000\n',
      'user.slice/app/memory.max': 'max\n',
      'user.slice/app/memory.current': '5\n',
    })

    expect(await read()).toEqual({
      cpuCores: undefined,
      memoryLimitBytes: undefined,
      workingSetBytes: 5,
      throttling: undefined,
    })
  })

  test('reads the same when version 1 is mounted', async () => {
    await write({
      self: '4:memory:/kube/pod\n3:cpu,cpuacct:/\n',
      'cpu/cpu.cfs_quota_us': '200000\n',
      'cpu/cpu.cfs_period_us': '100000\n',
      'cpu/cpu.stat': 'nr_periods 10\nnr_throttled 2\nthrottled_time 1500000000\n',
      'memory/kube/pod/memory.limit_in_bytes': '1048576\n',
      'memory/kube/pod/memory.usage_in_bytes': '1000\n',
      'memory/kube/pod/memory.stat': 'inactive_file 1\ntotal_inactive_file 2000\n',
    })

    expect(await read()).toEqual({
      cpuCores: 2,
      memoryLimitBytes: 1_048_576,
      workingSetBytes: 0,
      throttling: { periods: 10, throttledPeriods: 2, throttledSeconds: 1.5 },
    })
  })

  test('finds no limits when version 1 has none, and nothing when there are no cgroups', async () => {
    const nothing = {
      cpuCores: undefined,
      memoryLimitBytes: undefined,
      workingSetBytes: undefined,
      throttling: undefined,
    }
    expect(await read()).toEqual(nothing)

    await write({
      'cpu/cpu.cfs_quota_us': '-1\n',
      'cpu/cpu.cfs_period_us': '100000\n',
      'memory/memory.limit_in_bytes': '9223372036854771712\n',
    })
    expect(await read()).toEqual(nothing)
  })
})
