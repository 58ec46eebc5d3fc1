/** Errors of any realm, frozen or hostile, as `{type,message,stack,code,cause,errors}`; each member is read once. */
import { isOpsError } from '@ops/core'
import { PLAIN } from './keys.ts'
import type { ValueWriter } from './value-writer.ts'

type Read = (key: string) => unknown

function reader(writer: ValueWriter, error: object): Read {
  return (key) => {
    try {
      return (error as Readonly<Record<string, unknown>>)[key]
    } catch (thrown) {
      return JSON.parse(writer.throwsMarker(thrown))
    }
  }
}

function typeOf(read: Read): string {
  const name = read('name')
  if (typeof name === 'string' && name !== 'Error' && name !== '') return name
  const kind = (read('constructor') as { readonly name?: unknown } | undefined)?.name
  return typeof kind === 'string' && kind !== '' ? kind : 'Error'
}

type Bag = Readonly<Record<string, unknown>>

function bag(value: unknown): Bag | undefined {
  return typeof value === 'object' && value !== null ? (value as Bag) : undefined
}

/** Method, URL and status of an HTTP client's error; its configuration, headers and bodies stay out. */
function httpPart(read: Read): Bag | undefined {
  const request = bag(read('config')) ?? bag(read('options')) ?? bag(read('request'))
  const response = bag(read('response'))
  const status = response?.['status'] ?? response?.['statusCode'] ?? read('status') ?? read('statusCode')
  if (request === undefined && response === undefined && typeof status !== 'number') return undefined
  const url = request?.['url'] ?? response?.['url'] ?? request?.['path']
  return {
    method: textOrNothing(request?.['method']),
    url: url === undefined ? undefined : String(url),
    status: typeof status === 'number' ? status : undefined,
  }
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function attempt(make: () => Bag | undefined): Bag | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

/** JSON of an error. */
export function writeError(writer: ValueWriter, error: object): string {
  const read = reader(writer, error)
  let out = `"type":${writer.string((attempt(() => ({ type: typeOf(read) }))?.['type'] as string) ?? 'Error')}`
  const add = (key: string, value: unknown): string | undefined => {
    if (value === undefined || value === '') return undefined
    const json = writer.value(value, PLAIN)
    if (json !== undefined) out += `,"${key}":${json}`
    return json
  }
  const message = add('message', read('message'))
  add('stack', read('stack'))
  const code = read('code')
  if (typeof code === 'string' || typeof code === 'number') add('code', code)
  add('cause', read('cause'))
  const errors = read('errors')
  if (typeof errors === 'object' && errors !== null) add('errors', errors)
  const http = attempt(() => httpPart(read))
  if (http !== undefined) for (const key of ['method', 'url', 'status']) add(key, http[key])
  if (isOpsError(error)) add('details', read('details'))
  writer.errorMessage = message
  return `{${out}}`
}
