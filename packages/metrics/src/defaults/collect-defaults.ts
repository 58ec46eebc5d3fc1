/** Fills the default metrics of a process. */
import { type Clock, type Meter, systemClock } from '@ops/core'
import { defaultMetrics } from './catalog.ts'
import { createCertificateCollector, type WatchedCertificate } from './certificates.ts'
import { createDiskCollector } from './disk.ts'
import { watchEventLoop, watchGarbageCollection } from './event-loop.ts'
import { createHandlesCollector, createUsageCollector } from './process.ts'

/** What {@link collectDefaults} takes. */
export interface DefaultsOptions {
  /** File systems to watch, by a path in each. @defaultValue ['/'] */
  readonly diskPaths?: readonly string[]
  /** TLS certificates to watch. @defaultValue none */
  readonly certificates?: readonly WatchedCertificate[]
  /** Where cgroups are mounted. @defaultValue '/sys/fs/cgroup' */
  readonly cgroupRoot?: string
  /** Where the kernel shows processes. @defaultValue '/proc' */
  readonly procRoot?: string
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

/**
 * Collects {@link defaultMetrics} before each exposition, each part by a collector of its own.
 * Nothing is read in between, but for garbage collections, which are observed as they happen.
 *
 * @returns how to stop.
 */
export function collectDefaults(meter: Meter, options: DefaultsOptions = {}): () => void {
  const { diskPaths = ['/'], certificates = [], clock = systemClock } = options
  const paths = { cgroupRoot: options.cgroupRoot ?? '/sys/fs/cgroup', procRoot: options.procRoot ?? '/proc' }
  const defaults = meter.instruments(defaultMetrics)
  defaults.startTime.set({}, (clock.now() - process.uptime() * 1000) / 1000)
  const eventLoop = watchEventLoop(defaults, clock)
  const stops = [
    () => eventLoop.stop(),
    watchGarbageCollection(defaults),
    meter.onCollect(() => eventLoop.collect(), { name: 'event_loop' }),
    meter.onCollect(createUsageCollector(defaults, paths), { name: 'usage' }),
    meter.onCollect(createHandlesCollector(defaults, paths), { name: 'handles' }),
    meter.onCollect(createDiskCollector(defaults, diskPaths), { name: 'disk' }),
    ...(certificates.length === 0
      ? []
      : [meter.onCollect(createCertificateCollector(defaults, certificates), { name: 'certificates' })]),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
