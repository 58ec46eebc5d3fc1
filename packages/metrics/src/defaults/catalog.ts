/** Saturation of a Node process: what `collectDefaults` fills in. */
import {
  type CounterDefinition,
  counter,
  defineMetrics,
  type GaugeDefinition,
  gauge,
  type HistogramDefinition,
  histogram,
} from '@ops/core'
import { seconds } from '../buckets.ts'

type None = Record<never, never>

/** Statistics of the event loop's delay since the exposition before. */
export const DELAY_STATS: readonly ['mean', 'p50', 'p99', 'max'] = ['mean', 'p50', 'p99', 'max']
/** Kinds of garbage collection. */
export const GC_KINDS: readonly ['minor', 'major', 'incremental', 'weak'] = ['minor', 'major', 'incremental', 'weak']

/** CPU, memory, event loop, garbage collection, disk, handles, restarts and certificates. */
export const defaultMetrics: {
  readonly startTime: GaugeDefinition<None>
  readonly cpuSeconds: CounterDefinition<None>
  readonly cpuLimit: GaugeDefinition<None>
  readonly cpuPeriods: CounterDefinition<None>
  readonly cpuThrottledPeriods: CounterDefinition<None>
  readonly cpuThrottledSeconds: CounterDefinition<None>
  readonly residentMemory: GaugeDefinition<None>
  readonly workingSet: GaugeDefinition<None>
  readonly memoryLimit: GaugeDefinition<None>
  readonly heapUsed: GaugeDefinition<None>
  readonly heapLimit: GaugeDefinition<None>
  readonly externalMemory: GaugeDefinition<None>
  readonly eventLoopUtilization: GaugeDefinition<None>
  readonly eventLoopDelay: GaugeDefinition<{ readonly stat: typeof DELAY_STATS }>
  readonly gcDuration: HistogramDefinition<{ readonly kind: typeof GC_KINDS }>
  readonly activeResources: GaugeDefinition<{ readonly type: 'string' }>
  readonly openFds: GaugeDefinition<None>
  readonly maxFds: GaugeDefinition<None>
  readonly diskSize: GaugeDefinition<{ readonly path: 'string' }>
  readonly diskAvailable: GaugeDefinition<{ readonly path: 'string' }>
  readonly certificateExpiry: GaugeDefinition<{ readonly certificate: 'string' }>
} = defineMetrics({
  startTime: gauge('process_start_time_seconds', {
    help: 'When the process started, in seconds since the epoch: each change is a restart',
  }),
  cpuSeconds: counter('process_cpu_seconds_total', { help: 'CPU time used, user and system' }),
  cpuLimit: gauge('process_cpu_limit_cores', {
    help: 'Cores the process may use: the cgroup quota, else those it sees',
  }),
  cpuPeriods: counter('process_cpu_periods_total', { help: 'Scheduling periods of the cgroup quota' }),
  cpuThrottledPeriods: counter('process_cpu_throttled_periods_total', {
    help: 'Scheduling periods in which the cgroup quota was used up',
  }),
  cpuThrottledSeconds: counter('process_cpu_throttled_seconds_total', {
    help: 'Time the threads of the cgroup waited for the next period',
  }),
  residentMemory: gauge('process_resident_memory_bytes', { help: 'Resident memory of the process' }),
  workingSet: gauge('process_memory_working_set_bytes', {
    help: 'Memory that counts against the limit: of the cgroup without reclaimable file cache, else the resident memory',
  }),
  memoryLimit: gauge('process_memory_limit_bytes', { help: 'Memory the process may use: the cgroup limit, else all' }),
  heapUsed: gauge('nodejs_heap_size_used_bytes', { help: 'JavaScript heap in use' }),
  heapLimit: gauge('nodejs_heap_size_limit_bytes', { help: 'JavaScript heap at which the process dies' }),
  externalMemory: gauge('nodejs_external_memory_bytes', {
    help: 'Memory of buffers and other objects outside the heap',
  }),
  eventLoopUtilization: gauge('nodejs_eventloop_utilization_ratio', {
    help: 'Share of time the event loop was busy since the exposition before',
  }),
  eventLoopDelay: gauge('nodejs_eventloop_delay_seconds', {
    help: 'How late timers fired since the exposition before',
    labels: { stat: DELAY_STATS },
  }),
  gcDuration: histogram('nodejs_gc_duration_seconds', {
    help: 'Duration of garbage collections, every one of them',
    labels: { kind: GC_KINDS },
    buckets: seconds(0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1),
  }),
  activeResources: gauge('nodejs_active_resources', {
    help: 'Handles and requests that keep the event loop alive',
    labels: { type: 'string' },
  }),
  openFds: gauge('process_open_fds', { help: 'Open file descriptors' }),
  maxFds: gauge('process_max_fds', { help: 'File descriptors the process may open' }),
  diskSize: gauge('disk_size_bytes', { help: 'Size of the file system at a path', labels: { path: 'string' } }),
  diskAvailable: gauge('disk_available_bytes', {
    help: 'Space left for unprivileged processes in the file system at a path',
    labels: { path: 'string' },
  }),
  certificateExpiry: gauge('tls_certificate_expiry_timestamp_seconds', {
    help: 'When a TLS certificate expires, in seconds since the epoch: the first one of its file',
    labels: { certificate: 'string' },
  }),
})
