import { truncated } from './markers.ts'

/** How a long text is cut. */
export interface CutOptions {
  /** Characters that are kept. */
  readonly most: number
  /** Length of the longest secret that is known. */
  readonly longest: number
  readonly redact: (text: string) => string
}

/** Read beyond the cut, so that a secret across it is seen whole. */
const MARGIN = 8192

/**
 * The head of a long text, redacted before it is cut. Reads no more than it needs: the last part of what was read may
 * hold half a secret and is never kept.
 */
export function cutText(text: string, options: CutOptions): string {
  const margin = Math.max(MARGIN, options.longest)
  const read = text.slice(0, options.most + margin)
  const clean = options.redact(read)
  const whole = read.length === text.length ? clean.length : Math.max(0, clean.length - margin)
  const kept = clean.slice(0, Math.min(options.most, whole))
  const left = text.length - kept.length
  return left > 0 && kept.length < clean.length ? `${kept}${truncated(left)}` : kept
}
