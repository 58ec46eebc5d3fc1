/** The probes in the ops port's worker thread: they answer, truly, while the main thread cannot. */
import type { OpsHandler, OpsResponse } from '@ops/ops-port'
import { type AnswerContext, type Answers, createAnswers } from './answers.ts'
import type { Snapshot } from './availability.ts'
import { readSharedState } from './shared-state.ts'

/** What crosses to the worker. */
export interface HealthPageData extends AnswerContext {
  readonly buffer: SharedArrayBuffer
  readonly wedgedAfterMs: number
}

const SAMPLE_MS = 100
/** A longer gap says that this thread was stopped too (a suspended process), not that the main one hangs. */
const MAX_GAP_MS = 500

/** Creates the page; the ops port calls it in the worker. */
export function createPage(data: HealthPageData): OpsHandler {
  const state = readSharedState(data.buffer)
  const isWedged = watchHeartbeat(state.beats, data.wedgedAfterMs)
  let snapshot: Snapshot | undefined
  let wedged = false
  let answers: Answers = () => undefined
  return (request): OpsResponse => {
    const now = state.snapshot()
    if (now !== snapshot || isWedged() !== wedged) {
      snapshot = now
      wedged = isWedged()
      answers = createAnswers(data, now, wedged)
    }
    if (request.method !== 'GET') return { status: 405, headers: { allow: 'GET, HEAD' }, body: 'Method not allowed\n' }
    return answers(request.path, request.authorized) ?? { status: 404, body: 'Not found\n' }
  }
}

/** Worker threads have no clock port: this one runs by Node's own. */
function watchHeartbeat(beats: () => number, wedgedAfterMs: number): () => boolean {
  let lastBeat = beats()
  let lastSample = performance.now()
  let silentMs = 0
  const sample = () => {
    const now = performance.now()
    const beat = beats()
    silentMs = beat === lastBeat ? silentMs + Math.min(now - lastSample, MAX_GAP_MS) : 0
    lastBeat = beat
    lastSample = now
  }
  setInterval(sample, SAMPLE_MS).unref()
  return () => {
    sample()
    return silentMs >= wedgedAfterMs
  }
}
