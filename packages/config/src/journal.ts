/** What a configuration tells operators: log lines, metrics and the outcome of the last reload; never a value. */
import type { Clock, Logger, Meter, SecretRegistry } from '@ops/core'
import type { ChangeTrigger, ListenerFailure } from './change.ts'
import type { OverrideOptions, ReloadStatus } from './config.ts'
import { configMetrics, type ReloadResult } from './metrics.ts'
import { type ConfigProblem, problemLine } from './problem.ts'
import { errorText } from './secret-forms.ts'

/** What a pass came to. */
export interface PassReport {
  readonly result: ReloadResult
  readonly keys: readonly string[]
  readonly problems: readonly ConfigProblem[]
  readonly trigger: ChangeTrigger
  readonly generation: number
}

/** Records passes. */
export interface Journal {
  readonly lastReload: ReloadStatus
  /** The first reading, which is no reload. */
  started(): void
  passed(report: PassReport): void
  state(hash: string, pending: number): void
  overridden(keys: readonly string[], options: OverrideOptions): void
  listenerFailed(failure: ListenerFailure): void
  unwatchable(path: string, code: string): void
}

export function createJournal(ports: {
  readonly clock: Clock
  readonly logger: Logger
  readonly meter: Meter
  readonly secrets: SecretRegistry
}): Journal {
  const { clock, logger, secrets } = ports
  const instruments = ports.meter.instruments(configMetrics)
  const unwatchable = new Set<string>()
  let lastReload: ReloadStatus = { at: '', result: 'success', problems: [] }
  let lastComplaint = ''
  let lastHash = ''
  const settle = (result: ReloadResult, problems: readonly ConfigProblem[]): void => {
    const now = clock.now()
    const isGood = result === 'success' || result === 'unchanged'
    lastReload = Object.freeze({ at: new Date(now).toISOString(), result, problems })
    instruments.lastReloadSuccessful.set({}, isGood ? 1 : 0)
    if (isGood) instruments.lastReloadSuccess.set({}, now / 1000)
  }
  /** The poll repeats a failure every half minute; the log says it once. */
  const complainOnce = (problems: readonly ConfigProblem[]): void => {
    const lines = problems.map(problemLine)
    const complaint = lines.join('\n')
    if (complaint !== '' && complaint !== lastComplaint) {
      logger.error({ problems: lines }, 'Configuration reload failed: the last good values stay')
    }
    lastComplaint = complaint
  }
  return {
    get lastReload() {
      return lastReload
    },
    started: () => settle('success', []),
    passed({ result, keys, problems, trigger, generation }) {
      if (trigger === 'reload') {
        instruments.reloads.inc({ result })
        settle(result, problems)
        complainOnce(problems)
      }
      if (result === 'vetoed') logger.warn({ keys, trigger }, 'Configuration change vetoed: the last good values stay')
      else if (keys.length > 0) logger.info({ keys, trigger, generation }, 'Configuration changed')
    },
    state(hash, pending) {
      instruments.pendingRestart.set({}, pending)
      if (hash === lastHash) return
      if (lastHash !== '') instruments.hash.remove({ hash: lastHash })
      instruments.hash.set({ hash }, 1)
      lastHash = hash
    },
    overridden(keys, { by, reason, ttl }) {
      logger.info({ keys, by, reason, ttl }, 'Configuration overridden')
    },
    listenerFailed({ step, error }) {
      logger.error({ step, failure: errorText(secrets, error) }, 'Configuration listener failed')
    },
    unwatchable(path, code) {
      if (!unwatchable.has(path))
        logger.warn({ path, code }, 'Cannot watch a configuration directory: relying on the poll')
      unwatchable.add(path)
    },
  }
}
