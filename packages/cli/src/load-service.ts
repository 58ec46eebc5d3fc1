import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AnyDefinition } from './catalog.ts'
import { ServiceUnreadableError } from './errors.ts'
import type { Operations } from './operations.ts'

/** What a module of a service declares. */
export interface Declared {
  readonly definition: AnyDefinition
  readonly operations: Operations
}

/** Where a declaration is looked for; the built one last, for a Node that reads no TypeScript. */
const USUAL = ['src/ops.ts', 'src/ops.js', 'dist/ops.js']

/** The declaration that stands in a usual place below the working directory; undefined where there is none. */
export function findService(): string | undefined {
  return USUAL.find((usual) => existsSync(usual))
}

/**
 * Imports a declaration; it starts nothing.
 *
 * @throws ServiceUnreadableError (`OPS_CLI_SERVICE_UNREADABLE`)
 */
export async function loadService(given: string | undefined): Promise<Declared> {
  const file = given ?? findService()
  if (file === undefined)
    throw new ServiceUnreadableError('here', `there is none of ${USUAL.join(', ')}; say --service`)
  const path = resolve(file)
  if (!existsSync(path)) throw new ServiceUnreadableError(file, 'there is no such file')
  let module: { readonly default?: { readonly definition?: AnyDefinition }; readonly operations?: Operations }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    throw new ServiceUnreadableError(file, reasonOf(error), error)
  }
  const definition = module.default?.definition
  if (typeof definition?.name !== 'string') throw new ServiceUnreadableError(file, 'it exports no service')
  return { definition, operations: module.operations ?? {} }
}

function reasonOf(error: unknown): string {
  const { message, code } = (error ?? {}) as NodeJS.ErrnoException
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return `Node ${process.versions.node} reads no TypeScript: use Node 22.18 or later, or name the built module`
  return `importing it failed (${message ?? String(error)})`
}
