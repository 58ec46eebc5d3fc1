/** Runs gates quietly; their output matters only when they fail. */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { root } from '../environment/paths.mjs'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Resolves to `{ name, passed, seconds, output }`; never rejects. */
function runGate({ name, command: [program, ...args] }) {
  const started = performance.now()
  const chunks = []
  const child = spawn(program, args, { cwd: root, env: process.env, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => {
    child.kill()
    process.exit(130)
  }
  for (const signal of STOP_SIGNALS) process.once(signal, stop)
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk))
  return new Promise((resolve) => {
    const finish = (passed) => {
      for (const signal of STOP_SIGNALS) process.off(signal, stop)
      const seconds = (performance.now() - started) / 1000
      resolve({ name, passed, seconds, output: Buffer.concat(chunks).toString().trimEnd() })
    }
    child.once('error', (error) => {
      chunks.push(Buffer.from(error.message))
      finish(false)
    })
    child.once('close', (code) => finish(code === 0))
  })
}

/** Runs gates, a few at once; calls `onDone` as each ends. */
export async function runGates(gates, { atOnce, onDone }) {
  const waiting = [...gates]
  const work = async () => {
    for (let gate = waiting.shift(); gate !== undefined; gate = waiting.shift()) onDone(await runGate(gate))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}
