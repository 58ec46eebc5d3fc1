import type { ServerResponse } from 'node:http'

/**
 * Makes a response that has sent nothing yet carry `Connection: close`, whatever its handler sets.
 * Node writes implicit headers through `writeHead` too, so that one place sees them all.
 */
export function closeAfter(response: ServerResponse): void {
  if (response.headersSent) return
  const { writeHead } = response
  response.shouldKeepAlive = false
  response.writeHead = (...args: unknown[]): ServerResponse => {
    // Removing it would keep Node from writing its own.
    if (response.hasHeader('connection')) response.setHeader('connection', 'close')
    return Reflect.apply(writeHead, response, args.map(withoutConnection))
  }
}

/** Headers as `writeHead` takes them: by name, as pairs, or names and values in turn. */
function withoutConnection(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null) return argument
  if (!Array.isArray(argument)) return Object.fromEntries(Object.entries(argument).filter(([name]) => isOther(name)))
  if (Array.isArray(argument[0])) return argument.filter(([name]) => isOther(name))
  return argument.filter((_, i) => isOther(argument[i - (i % 2)]))
}

const isOther = (name: unknown) => String(name).toLowerCase() !== 'connection'
