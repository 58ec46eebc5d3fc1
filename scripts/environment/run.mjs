/** Child processes: captured ones for what is quick, attached ones for what people watch and stop. */
import { spawn, spawnSync } from 'node:child_process'
import os from 'node:os'
import process from 'node:process'
import { Failure } from './failure.mjs'
import { guard } from './guardian.mjs'
import { root } from './paths.mjs'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** One Ctrl-C arrives twice, from the terminal and from npm; a second one that is meant comes later than this. */
const ECHO_MS = 1000

/** Runs to the end and returns `{ status, output }`; status 127 when there is no such program. */
export function capture(command, args, env = process.env) {
  const result = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' })
  if (result.error) return { status: 127, output: '' }
  return { status: result.status === null ? 1 : result.status, output: `${result.stdout}${result.stderr}` }
}

/**
 * Runs with this terminal's input and output until it ends and returns its exit code.
 *
 * The child gets a stop signal once, from here alone, and decides when it is done: a drain is never cut short.
 * `interactive` leaves it in the terminal's process group instead, for programs that ask questions.
 */
export function attach(command, args, { env = process.env, cwd = root, interactive = false } = {}) {
  // Listening comes first: a signal between the two would end us and not the child.
  let child
  const pass = interactive ? passAllButInterrupts : passOnce()
  const release = listen(STOP_SIGNALS, (signal) => pass(child, signal))
  child = spawn(command, args, { cwd, env, stdio: 'inherit', detached: !interactive })
  const dismiss = interactive ? () => {} : guard(child)
  return new Promise((resolve, reject) => {
    const end = (settle) => {
      release()
      dismiss()
      settle()
    }
    child.once('error', (error) => end(() => reject(new Failure(`Cannot run ${command}: ${error.message}`))))
    child.once('close', (code, signal) => end(() => resolve(code === null ? 128 + os.constants.signals[signal] : code)))
  })
}

function passOnce() {
  let last = Number.NEGATIVE_INFINITY
  return (child, signal) => {
    const now = Date.now()
    if (now - last < ECHO_MS) return
    last = now
    child.kill(signal)
  }
}

/** The terminal tells the child of Ctrl-C itself. */
function passAllButInterrupts(child, signal) {
  if (signal !== 'SIGINT') child.kill(signal)
}

function listen(signals, listener) {
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
