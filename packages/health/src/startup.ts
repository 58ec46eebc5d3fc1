/** The ordered start: a timeline of phases, one at a time. */
import type { Clock } from '@ops/core'
import { StartAbortedError } from './errors.ts'

/** A phase of the start. */
export interface PhaseRecord {
  readonly name: string
  /** Milliseconds since the lifecycle was created. */
  readonly startedAtMs: number
  readonly durationMs: number | undefined
  readonly outcome: 'running' | 'done' | 'failed'
}

/** The start of a process. */
export interface Startup {
  readonly timeline: readonly PhaseRecord[]
  /** Runs a phase after those before it. @throws StartAbortedError once {@link Startup.abort} was called; else what `run` throws. */
  phase<T>(name: string, run: () => T | Promise<T>): Promise<T>
  /** Refuses further phases; resolves once the running one has ended. */
  abort(): Promise<void>
}

/** Creates a start without phases. */
export function createStartup(clock: Clock): Startup {
  const createdMs = clock.monotonic()
  const timeline: PhaseRecord[] = []
  let last: Promise<unknown> = Promise.resolve()
  let aborted = false
  const elapsed = () => Math.round(clock.monotonic() - createdMs)
  const runPhase = async <T>(name: string, run: () => T | Promise<T>): Promise<T> => {
    if (aborted) throw new StartAbortedError(name)
    const index = timeline.length
    const startedAtMs = elapsed()
    const note = (outcome: PhaseRecord['outcome'], durationMs?: number) => {
      timeline[index] = { name, startedAtMs, durationMs, outcome }
    }
    note('running')
    try {
      const value = await run()
      note('done', elapsed() - startedAtMs)
      return value
    } catch (error) {
      note('failed', elapsed() - startedAtMs)
      throw error
    }
  }
  return {
    timeline,
    phase(name, run) {
      const result = last.then(() => runPhase(name, run))
      last = result.catch(() => {})
      return result
    },
    async abort() {
      aborted = true
      await last
    },
  }
}
