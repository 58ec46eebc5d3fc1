/** Child processes: captured ones for what is quick, attached ones for what people watch and stop. */
import { spawn, spawnSync } from 'node:child_process'
import os from 'node:os'
import process from 'node:process'
import { Failure } from './failure.mjs'
import { root } from './paths.mjs'

const shell = process.platform === 'win32'

/** Runs to the end and returns `{ status, output }`; status 127 when there is no such program. */
export function capture(command, args, env = process.env) {
  const result = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', shell })
  if (result.error) return { status: 127, output: '' }
  return { status: result.status === null ? 1 : result.status, output: `${result.stdout}${result.stderr}` }
}

/**
 * Runs with this terminal until it ends and returns its exit code.
 * A stop signal is passed on once and the child decides when it is done: a drain is never cut short from here.
 */
export function attach(command, args, { env = process.env, cwd = root } = {}) {
  const child = spawn(command, args, { cwd, env, stdio: 'inherit', shell })
  const release = passSignalsOn(child)
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      release()
      reject(new Failure(`Cannot run ${command}: ${error.message}`))
    })
    child.once('close', (code, signal) => {
      release()
      resolve(code === null ? 128 + os.constants.signals[signal] : code)
    })
  })
}

/** In a terminal Ctrl-C reaches the child by itself, and npm repeats it: a second copy would mean "now". */
function passSignalsOn(child) {
  const onInterrupt = () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  }
  const onTerminate = () => child.kill('SIGTERM')
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  return () => {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onTerminate)
  }
}
