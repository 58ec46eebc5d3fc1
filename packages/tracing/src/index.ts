export { keep, span } from './active-span.ts'
export { DECISIONS, type Decision } from './decision.ts'
export { TracingExportError } from './errors.ts'
export { DROP_REASONS, type DropReason, type TracingLimits } from './limits.ts'
export { type TracingMetrics, tracingMetrics } from './metrics.ts'
export {
  type ExportOptions,
  SAMPLING_PRESETS,
  type SampleOptions,
  type SampleRule,
  type TracingOptions,
} from './options.ts'
export type { TracingStatus } from './status.ts'
export { startTracing, type Tracing } from './tracing.ts'
