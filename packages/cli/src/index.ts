export type { Artefact } from './artefact.ts'
export { generateArtefacts } from './artefacts.ts'
export { type AnyDefinition, indexOf, type MetricIndex } from './catalog.ts'
export { runCli } from './cli.ts'
export type { CliContext } from './command/command.ts'
export type { Canary, Deployment, Ingress, Workload } from './deploy/deployment.ts'
export {
  ArtefactFileError,
  EnvironmentUnreadableError,
  PackageMissingError,
  RunbookMarkersError,
  ServiceUnreadableError,
  UsageError,
} from './errors.ts'
export { explainSubject } from './explain.ts'
export type { ExplainedFact } from './explained-fact.ts'
export { expressionProblems } from './expression.ts'
export type { LlmBounds, Operations, SmokeRequest, TransactionBound } from './operations.ts'
export { PARTS, type Part } from './parts.ts'
export { createSubject, type Subject } from './subject.ts'
