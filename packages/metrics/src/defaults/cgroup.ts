/** What the cgroup (version 2 or 1) grants this process, and what it used. Anything unreadable is absent. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Limits and use, where the cgroup has them. */
export interface CgroupState {
  readonly cpuCores: number | undefined
  readonly memoryLimitBytes: number | undefined
  readonly workingSetBytes: number | undefined
  readonly throttling:
    | { readonly periods: number; readonly throttledPeriods: number; readonly throttledSeconds: number }
    | undefined
}

/** Larger than any machine: how version 1 says that there is no limit. */
const NO_LIMIT_BYTES = 2 ** 60

/** Reads the state; `root` is where cgroups are mounted, `self` the file that names the process's own. */
export async function readCgroup(root: string, self: string): Promise<CgroupState> {
  const own = (await tryRead(self)) ?? ''
  const v2 = await tryRead(join(root, 'cgroup.controllers'))
  return v2 === undefined ? readVersion1(root, own) : readVersion2(root, own)
}

async function readVersion2(root: string, own: string): Promise<CgroupState> {
  const read = reader(root, /^0::(.*)$/m.exec(own)?.[1])
  const [max = '', memoryMax, current, memoryStat, cpuStat] = await Promise.all(
    ['cpu.max', 'memory.max', 'memory.current', 'memory.stat', 'cpu.stat'].map(read),
  )
  const [quota, period] = max.split(' ').map(Number)
  return {
    cpuCores: cores(quota, period),
    memoryLimitBytes: limit(memoryMax),
    workingSetBytes: workingSet(current, field(memoryStat, 'inactive_file')),
    throttling: throttling(cpuStat, 'throttled_usec', 1e6),
  }
}

async function readVersion1(root: string, own: string): Promise<CgroupState> {
  const path = (controller: string) => new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm').exec(own)?.[1]
  const cpu = reader(join(root, 'cpu'), path('cpu'))
  const memory = reader(join(root, 'memory'), path('memory'))
  const [quota, period, cpuStat, limitBytes, usage, memoryStat] = await Promise.all([
    cpu('cpu.cfs_quota_us'),
    cpu('cpu.cfs_period_us'),
    cpu('cpu.stat'),
    memory('memory.limit_in_bytes'),
    memory('memory.usage_in_bytes'),
    memory('memory.stat'),
  ])
  return {
    cpuCores: cores(number(quota), number(period)),
    memoryLimitBytes: limit(limitBytes),
    workingSetBytes: workingSet(usage, field(memoryStat, 'total_inactive_file')),
    throttling: throttling(cpuStat, 'throttled_time', 1e9),
  }
}

/** In a container the own cgroup is the mount's root, outside one it is a folder below. */
function reader(root: string, path = '/'): (file: string) => Promise<string | undefined> {
  return async (file) => (await tryRead(join(root, path, file))) ?? tryRead(join(root, file))
}

async function tryRead(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return undefined
  }
}

function number(text: string | undefined): number | undefined {
  const value = Number(text)
  return text === undefined || text.trim() === '' || !Number.isFinite(value) ? undefined : value
}

function field(text: string | undefined, name: string): number | undefined {
  return number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1])
}

function cores(quota: number | undefined, period: number | undefined): number | undefined {
  if (quota === undefined || period === undefined) return undefined
  return quota > 0 && period > 0 ? quota / period : undefined
}

function limit(text: string | undefined): number | undefined {
  const bytes = number(text)
  return bytes !== undefined && bytes < NO_LIMIT_BYTES ? bytes : undefined
}

function workingSet(usage: string | undefined, inactiveFile = 0): number | undefined {
  const bytes = number(usage)
  return bytes === undefined ? undefined : Math.max(0, bytes - inactiveFile)
}

function throttling(text: string | undefined, timeField: string, unitsPerSecond: number): CgroupState['throttling'] {
  const periods = field(text, 'nr_periods')
  const throttledPeriods = field(text, 'nr_throttled')
  const time = field(text, timeField)
  if (periods === undefined || throttledPeriods === undefined || time === undefined) return undefined
  return { periods, throttledPeriods, throttledSeconds: time / unitsPerSecond }
}
