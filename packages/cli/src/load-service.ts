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

/** Imports a declaration; it starts nothing. @throws ServiceUnreadableError (`OPS_CLI_SERVICE_UNREADABLE`) */
export async function loadService(file: string): Promise<Declared> {
  const path = resolve(file)
  if (!existsSync(path)) throw new ServiceUnreadableError(file, 'there is no such file')
  let module: { readonly default?: { readonly definition?: AnyDefinition }; readonly operations?: Operations }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    throw new ServiceUnreadableError(file, `importing it failed (${(error as Error)?.message ?? String(error)})`, error)
  }
  const definition = module.default?.definition
  if (typeof definition?.name !== 'string') throw new ServiceUnreadableError(file, 'it exports no service')
  return { definition, operations: module.operations ?? {} }
}
