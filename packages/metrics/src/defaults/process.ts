/** CPU, memory, handles and descriptors of the process, against what its cgroup allows. */
import { readdir, readFile } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { getHeapStatistics } from 'node:v8'
import type { Instruments } from '@ops/core'
import type { defaultMetrics } from './catalog.ts'
import { readCgroup } from './cgroup.ts'
import { totalsOf } from './totals.ts'

type Defaults = Instruments<typeof defaultMetrics>

/** Where the kernel shows itself. */
export interface KernelPaths {
  /** @defaultValue '/sys/fs/cgroup' */
  readonly cgroupRoot: string
  /** @defaultValue '/proc' */
  readonly procRoot: string
}

/** Sets CPU and memory, and what the cgroup says of both. */
export function createUsageCollector(defaults: Defaults, paths: KernelPaths): () => Promise<void> {
  const cpuSeconds = totalsOf(defaults.cpuSeconds.bind({}))
  const periods = totalsOf(defaults.cpuPeriods.bind({}))
  const throttledPeriods = totalsOf(defaults.cpuThrottledPeriods.bind({}))
  const throttledSeconds = totalsOf(defaults.cpuThrottledSeconds.bind({}))
  return async () => {
    const { user, system } = process.cpuUsage()
    cpuSeconds((user + system) / 1e6)
    const { rss, heapUsed, external } = process.memoryUsage()
    defaults.residentMemory.set({}, rss)
    defaults.heapUsed.set({}, heapUsed)
    defaults.heapLimit.set({}, getHeapStatistics().heap_size_limit)
    defaults.externalMemory.set({}, external)
    const cgroup = await readCgroup(paths.cgroupRoot, join(paths.procRoot, 'self/cgroup'))
    defaults.cpuLimit.set({}, cgroup.cpuCores ?? availableParallelism())
    defaults.memoryLimit.set({}, Math.min(cgroup.memoryLimitBytes ?? Infinity, totalmem()))
    // Without a limit the cgroup may be the whole machine's.
    const workingSet = cgroup.memoryLimitBytes === undefined ? undefined : cgroup.workingSetBytes
    defaults.workingSet.set({}, workingSet ?? rss)
    if (cgroup.throttling === undefined) return
    periods(cgroup.throttling.periods)
    throttledPeriods(cgroup.throttling.throttledPeriods)
    throttledSeconds(cgroup.throttling.throttledSeconds)
  }
}

/** Sets what is open. */
export function createHandlesCollector(defaults: Defaults, paths: KernelPaths): () => Promise<void> {
  let seen = new Set<string>()
  return async () => {
    const counts = new Map<string, number>([...seen].map((type) => [type, 0]))
    for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1)
    for (const [type, count] of counts) defaults.activeResources.set({ type }, count)
    seen = new Set(counts.keys())
    // Linux only: elsewhere the two stay absent.
    const [fds, limits] = await Promise.allSettled([
      readdir(join(paths.procRoot, 'self/fd')),
      readFile(join(paths.procRoot, 'self/limits'), 'utf8'),
    ])
    if (fds.status === 'fulfilled') defaults.openFds.set({}, fds.value.length)
    const max = limits.status === 'fulfilled' ? /^Max open files\s+(\d+)/m.exec(limits.value)?.[1] : undefined
    if (max !== undefined) defaults.maxFds.set({}, Number(max))
  }
}
