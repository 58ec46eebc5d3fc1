import { types } from 'node:util'

/** True for errors, also frozen, foreign-realm and DOM ones. False for what does not let itself be asked. */
export function isError(value: object): boolean {
  try {
    if (Object.getPrototypeOf(value) === Object.prototype) return false
    if (types.isNativeError(value) || value instanceof Error) return true
    const tag = Object.prototype.toString.call(value)
    return tag === '[object Error]' || tag === '[object DOMException]'
  } catch {
    return false
  }
}
