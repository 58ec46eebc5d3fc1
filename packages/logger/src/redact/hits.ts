/** What found something to redact. A closed list: it is a metric's label. */
export const DETECTORS = [
  'key',
  'registered',
  'pem',
  'json',
  'url',
  'jwt',
  'token',
  'authorization',
  'pair',
  'card',
  'ssn',
  'email',
  'phone',
  'name',
] as const
/** One of {@link DETECTORS}. */
export type Detector = (typeof DETECTORS)[number]
/** How often each detector has redacted, since the start. */
export type Hits = Record<Detector, number>

/** All zero. */
export function createHits(): Hits {
  return Object.fromEntries(DETECTORS.map((detector) => [detector, 0])) as Hits
}

/** What stands where a secret stood. */
export const REDACTED = '[Redacted]'
