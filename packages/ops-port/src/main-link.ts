/** The worker's end of the line to the main thread: questions with a time limit and a bound on those unanswered. */
import type { MessagePort } from 'node:worker_threads'
import { systemClock, type Timer } from '@ops/core'
import { MainThreadError } from './errors.ts'
import type { Reply } from './protocol.ts'

/** A wedged main thread finds at most this many stale questions when it comes back. */
const MAX_UNANSWERED = 64

interface Waiting {
  readonly timer: Timer
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Asks the main thread; `kind` says which function of the page. */
export type Ask = (kind: 'handle' | 'respond', page: number, payload: unknown, timeoutMs: number) => Promise<unknown>

/** Creates the line over `port`; give it each {@link Reply} that comes in. */
export function createMainLink(port: MessagePort): { readonly ask: Ask; receive(reply: Reply): void } {
  const waiting = new Map<number, Waiting | undefined>()
  let lastId = 0
  const ask: Ask = (kind, page, payload, timeoutMs) =>
    new Promise((resolve, reject) => {
      if (waiting.size >= MAX_UNANSWERED) return reject(busyError())
      const id = ++lastId
      const timer = systemClock.setTimeout(() => {
        // The entry stays: until the main thread answers it still has the question.
        waiting.set(id, undefined)
        reject(timeoutError(timeoutMs))
      }, timeoutMs)
      waiting.set(id, { timer, resolve, reject })
      port.postMessage({ kind, id, page, payload })
    })
  return {
    ask,
    receive(reply) {
      const question = waiting.get(reply.id)
      waiting.delete(reply.id)
      question?.timer.cancel()
      if (reply.ok) question?.resolve(reply.value)
      else question?.reject(failedError(reply.message))
    },
  }
}

const busyError = () =>
  new MainThreadError(`Cannot ask the main thread: ${MAX_UNANSWERED} questions unanswered, expected fewer`, {
    code: 'OPS_OPSPORT_MAIN_BUSY',
  })

/** The error of a question not answered in time. */
export const timeoutError = (timeoutMs: number): MainThreadError =>
  new MainThreadError(`Cannot ask the main thread: no answer, expected one within ${timeoutMs} ms`, {
    code: 'OPS_OPSPORT_MAIN_TIMEOUT',
  })

/** The error of a question whose answer was an exception. */
export const failedError = (message: string): MainThreadError =>
  new MainThreadError(`Cannot ask the main thread: it threw ${message}, expected an answer`, {
    code: 'OPS_OPSPORT_MAIN_FAILED',
  })
