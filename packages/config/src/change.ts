/** Two-phase change: every listener prepares and may veto, then all commit, or all that began roll back. */
import type { ConfigKey, ConfigShape, ConfigValues } from './setting.ts'
import { type TimeLimit, withinTime } from './time-limit.ts'

/** Why a configuration changed. */
export type ChangeTrigger = 'reload' | 'override' | 'override-end' | 'overlap-end'

/** What listeners are handed. */
export interface ConfigChange<S extends ConfigShape> {
  /** Number of the generation to come. */
  readonly generation: number
  readonly trigger: ChangeTrigger
  /** Changed keys, in order of declaration; all of them, not only those listened to. */
  readonly keys: readonly ConfigKey<S>[]
  readonly before: ConfigValues<S>
  readonly after: ConfigValues<S>
}

/** Takes part in a change. Each step has `listenerTimeoutMs`. */
export interface ChangeListener<S extends ConfigShape> {
  /** Gets ready (opens the new pool) and may throw to veto the change; nothing is in force yet. `signal` aborts at the time limit. */
  prepare?(change: ConfigChange<S>, signal: AbortSignal): void | Promise<void>
  /** Switches over. Throwing rolls everyone back. */
  commit?(change: ConfigChange<S>, signal: AbortSignal): void | Promise<void>
  /** Undoes what `prepare` or `commit` did; called in reverse order on all that had begun. */
  rollback?(change: ConfigChange<S>): void | Promise<void>
  /** Told once `config.current` is the new snapshot. */
  notify?(change: ConfigChange<S>): void
}

/** Listeners with the keys they care for. */
export interface Subscription<S extends ConfigShape> {
  readonly keys: ReadonlySet<string>
  readonly listener: ChangeListener<S>
}

/** What a listener did wrong, and in which step. */
export interface ListenerFailure {
  readonly step: 'prepare' | 'commit' | 'rollback' | 'notify'
  readonly error: unknown
}

/** Limits of a change and who hears of failures. */
export interface ChangeContext extends TimeLimit {
  readonly onFailure: (failure: ListenerFailure) => void
}

/** Prepares and commits. Returns the failure that vetoed the change, after rolling back; undefined when all committed. */
export async function runTwoPhases<S extends ConfigShape>(
  subscriptions: readonly Subscription<S>[],
  change: ConfigChange<S>,
  context: ChangeContext,
): Promise<ListenerFailure | undefined> {
  const begun: ChangeListener<S>[] = []
  for (const step of ['prepare', 'commit'] as const) {
    for (const { listener } of subscriptions) {
      if (step === 'prepare') begun.push(listener)
      try {
        await withinTime(context, (signal) => listener[step]?.(change, signal))
      } catch (error) {
        context.onFailure({ step, error })
        await rollBack(begun, change, context)
        return { step, error }
      }
    }
  }
  return undefined
}

async function rollBack<S extends ConfigShape>(
  begun: readonly ChangeListener<S>[],
  change: ConfigChange<S>,
  context: ChangeContext,
): Promise<void> {
  for (const listener of begun.toReversed()) {
    try {
      await withinTime(context, () => listener.rollback?.(change))
    } catch (error) {
      context.onFailure({ step: 'rollback', error })
    }
  }
}

/** Tells every subscriber; what one throws does not keep the next from hearing. */
export function notifyAll<S extends ConfigShape>(
  subscriptions: readonly Subscription<S>[],
  change: ConfigChange<S>,
  onFailure: (failure: ListenerFailure) => void,
): void {
  for (const { listener } of subscriptions) {
    try {
      const returned: unknown = listener.notify?.(change)
      if (returned instanceof Promise) returned.catch((error: unknown) => onFailure({ step: 'notify', error }))
    } catch (error) {
      onFailure({ step: 'notify', error })
    }
  }
}
