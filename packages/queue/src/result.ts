import { PermanentError } from './errors.ts'

const MAX_RESULT_BYTES = 65_536

/** What BullMQ can store. The work is done, so a result that cannot be kept will not be mended by doing it again. */
export function storable(result: unknown): unknown {
  if (result === undefined) return undefined
  let json: string | undefined
  try {
    json = JSON.stringify(result)
  } catch (error) {
    throw new PermanentError(new TypeError('its result cannot be written as JSON', { cause: error }))
  }
  if (json !== undefined && Buffer.byteLength(json) > MAX_RESULT_BYTES) {
    throw new PermanentError(new RangeError(`its result has over ${MAX_RESULT_BYTES} bytes`))
  }
  return json === undefined ? undefined : result
}
