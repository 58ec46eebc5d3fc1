import type { ConfigShape } from '@ops/config'
import { standardSettings } from '@ops/service'
import { type AnyDefinition, collectMetrics, type MetricIndex } from './catalog.ts'
import { assertOperations, type Operations } from './operations.ts'

/** What artefacts are made of. */
export interface Subject {
  readonly definition: AnyDefinition
  readonly operations: Operations
  /** Standard settings and those of the service. */
  readonly settings: ConfigShape
  readonly metrics: MetricIndex
  /** Packages the declaration implies and that are not installed. */
  readonly missing: readonly string[]
}

/** Gathers what artefacts are made of. @throws TypeError or RangeError for operations that contradict themselves. */
export async function createSubject(definition: AnyDefinition, operations: Operations = {}): Promise<Subject> {
  assertOperations(operations)
  const settings = { ...standardSettings, ...definition.settings }
  return { definition, operations, settings, ...(await collectMetrics(definition)) }
}
