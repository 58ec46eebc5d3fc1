export { type CollectedEvent, type CollectedSpan, type Collector, startCollector } from './collector.ts'
export { PLACEHOLDERS } from './placeholders.ts'
export { type LocalPostgres, startPostgres } from './postgres.ts'
