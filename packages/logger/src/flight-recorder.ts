/** Keeps the lines a request did not write, bounded by lines, requests and characters, until the request fails or is forgotten. */

/** How much is kept. */
export interface FlightRecorderOptions {
  /** Lines of one request, newest kept; 1 to 1000. @defaultValue 50 */
  readonly maxLines?: number | undefined
  /** Requests at once, newest kept; 1 to 100_000. @defaultValue 1000 */
  readonly maxRequests?: number | undefined
  /** Characters of one line; longer ones are not kept; 100 to 65_536. @defaultValue 8192 */
  readonly maxLineLength?: number | undefined
}

/** Lines by request. */
export interface FlightRecorder {
  /** Keeps a line of the request. */
  keep(requestId: string, rank: number, line: string): void
  /** The lines of a request that has failed, oldest first; forgets them. */
  take(requestId: string): readonly RecordedLine[]
}

/** A kept line. */
export interface RecordedLine {
  readonly rank: number
  readonly line: string
}

const NOTHING: readonly RecordedLine[] = []

function assertRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`Cannot record with ${name} ${value}: expected an integer from ${least} to ${most}`)
}

/** Creates a recorder. @throws RangeError for limits out of range. */
export function createFlightRecorder(options: FlightRecorderOptions): FlightRecorder {
  const { maxLines = 50, maxRequests = 1000, maxLineLength = 8192 } = options
  assertRange('maxLines', maxLines, 1, 1000)
  assertRange('maxRequests', maxRequests, 1, 100_000)
  assertRange('maxLineLength', maxLineLength, 100, 65_536)
  const rings = new Map<string, RecordedLine[]>()

  function ringOf(requestId: string): RecordedLine[] {
    const known = rings.get(requestId)
    if (known !== undefined) return known
    if (rings.size >= maxRequests) rings.delete(rings.keys().next().value as string)
    const ring: RecordedLine[] = []
    rings.set(requestId, ring)
    return ring
  }

  return {
    keep(requestId, rank, line) {
      if (line.length > maxLineLength) return
      const ring = ringOf(requestId)
      if (ring.length >= maxLines) ring.shift()
      ring.push({ rank, line })
    },
    take(requestId) {
      const ring = rings.get(requestId)
      if (ring === undefined) return NOTHING
      rings.delete(requestId)
      return ring
    },
  }
}
