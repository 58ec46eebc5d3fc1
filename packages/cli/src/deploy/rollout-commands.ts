import type { Subject } from '../subject.ts'

/** Commands of a rollout, by who does it: Argo Rollouts where there is a canary, else Kubernetes itself. */
export interface RolloutCommands {
  /** What to watch until it is over. */
  readonly status: string
  /** Which versions there were. */
  readonly history: string
  /** Back to the version before, a command a line. */
  readonly undo: string
}

/** The commands for the service's rollouts. */
export function rolloutCommands({ definition: { name }, operations: { deploy } }: Subject): RolloutCommands {
  const hasWorker = deploy?.api !== undefined && deploy.worker !== undefined
  const ofWorker = (verb: string): string => (hasWorker ? `\nkubectl rollout ${verb} deployment/${name}-worker` : '')
  if (deploy?.canary === undefined)
    return {
      status: `kubectl rollout status deployment/${name} --timeout=5m`,
      history: `kubectl rollout history deployment/${name}`,
      undo: `kubectl rollout undo deployment/${name}${ofWorker('undo')}`,
    }
  return {
    status: `kubectl argo rollouts status ${name} --timeout 5m`,
    history: `kubectl argo rollouts get rollout ${name}`,
    undo: `kubectl argo rollouts abort ${name}   # while it is under way\nkubectl argo rollouts undo ${name}    # once it is over${ofWorker('undo')}`,
  }
}
