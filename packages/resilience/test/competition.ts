/** Processes that compete for one limit, and how many were admitted in the fullest window. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What the processes share. */
export interface Competition {
  /** One of a Redis, several of a Cluster. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  readonly name: string
  readonly limit: number
  readonly perMs: number
  /** How many windows they go on for. */
  readonly windows: number
  readonly keys: readonly string[]
}

/** What they were given. */
export interface Admissions {
  /** Of all keys. */
  readonly total: number
  /** Most that were admitted for one key in any window, wherever it begins. */
  readonly fullest: number
}

const PROCESSES = 4

/** Runs four processes to their end. */
export async function compete(competition: Competition): Promise<Admissions> {
  const program = join(import.meta.dirname, 'limiter-process.ts')
  const args = ['--conditions=@ops/source', program, JSON.stringify(competition)]
  const runs = await Promise.all(Array.from({ length: PROCESSES }, () => promisify(execFile)(process.execPath, args)))
  const admitted = runs.flatMap(({ stdout }) => JSON.parse(stdout) as [key: string, at: number][])
  const windows = admitted.map(
    ([key, from]) =>
      admitted.filter(([other, at]) => other === key && at >= from && at < from + competition.perMs).length,
  )
  return { total: admitted.length, fullest: Math.max(0, ...windows) }
}
