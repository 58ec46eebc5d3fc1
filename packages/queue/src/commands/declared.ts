/** What a service declares about its queue, as far as commands need it: its jobs, and its cipher. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Cipher } from '../cipher.ts'
import type { JobDefinition } from '../job-definition.ts'
import type { Values } from './arguments.ts'
import type { CommandContext } from './context.ts'

/** What a queue is opened with. */
export interface Declared {
  readonly jobs: readonly JobDefinition[]
  readonly cipher?: Cipher
}

/**
 * Every job that the module of `--jobs` exports, alone or in arrays, and its `cipher`; without a module those of the context.
 *
 * @throws TypeError
 */
export async function loadDeclared({ jobs: file }: Values, context: CommandContext): Promise<Declared> {
  if (file === undefined) return declare(context.jobs ?? [], context.cipher)
  const path = resolve(file)
  if (!existsSync(path)) throw new TypeError(`Cannot load jobs from ${file}: there is no such file`)
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = await import(pathToFileURL(path).href)
  } catch (error) {
    const why = (error as Error)?.message ?? String(error)
    throw new TypeError(`Cannot load jobs from ${file}: importing it failed (${why})`, { cause: error })
  }
  const jobs = Object.values(exported).flat().filter(isJob)
  if (jobs.length === 0) throw new TypeError(`Cannot load jobs from ${file}: expected exports made by defineJob`)
  const { cipher } = exported as { readonly cipher?: Partial<Cipher> }
  if (cipher !== undefined && (typeof cipher.encrypt !== 'function' || typeof cipher.decrypt !== 'function'))
    throw new TypeError(`Cannot use cipher of ${file}: expected { encrypt, decrypt }`)
  return declare([...new Map(jobs.map((job) => [job.name, job])).values()], cipher as Cipher | undefined)
}

function declare(jobs: readonly JobDefinition[], cipher: Cipher | undefined): Declared {
  return { jobs, ...(cipher === undefined ? {} : { cipher }) }
}

function isJob(value: unknown): value is JobDefinition {
  const job = value as Partial<JobDefinition> | null | undefined
  return typeof job?.name === 'string' && typeof job.retry?.attempts === 'number' && job.schema !== undefined
}
