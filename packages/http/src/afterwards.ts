/**
 * Work put off until the answers of this turn of the event loop are out. Under load many requests end in one turn: done one
 * after another, their lines, series and spans find their code in the processor's caches, and no answer waits for them.
 */
import { setImmediate } from 'node:timers'

/** Something to be done afterwards. */
export interface Task {
  settle(): void
}

let waiting: Task[] = []
let listening = false
let complained = false

/** Settles `task` at the end of this turn; when the process ends before, then. In the order given. */
export function afterwards(task: Task): void {
  if (waiting.push(task) > 1) return
  setImmediate(settleAll)
  if (listening) return
  listening = true
  process.on('exit', settleAll)
}

function settleAll(): void {
  const tasks = waiting
  waiting = []
  for (const task of tasks) {
    try {
      task.settle()
    } catch (error) {
      complain(error)
    }
  }
}

/** A logger or meter of somebody else's that throws: nobody is left to catch it, and it must not end the process. */
function complain(error: unknown): void {
  if (complained) return
  complained = true
  process.emitWarning(`What a request leaves behind could not be recorded, later ones too maybe: ${String(error)}`)
}
