/**
 * The limit of concurrency that latency allows: the gradient between the time calls take now and the time they used to take.
 *
 * @see https://github.com/Netflix/concurrency-limits (Gradient2Limit: tolerance 1.5, smoothing 0.2, a queue of at least 4, a baseline over ten minutes)
 */

/** Bounds of a limit. */
export interface GradientOptions {
  /** Calls at once before anything is known. */
  readonly initialLimit: number
  readonly minLimit: number
  readonly maxLimit: number
}

/** What was seen in one window. */
export interface GradientSample {
  /** Mean duration of the calls that ended, in milliseconds above 0. */
  readonly meanMs: number
  /** Most calls at once. */
  readonly inFlight: number
  /** A call was given up or refused for want of capacity, or the process is overloaded. */
  readonly dropped: boolean
}

const TOLERANCE = 1.5
const SMOOTHING = 0.2
/** Growth beyond what latency says; with a large limit the root of it, or growing would take minutes. */
const queueFor = (limit: number): number => Math.max(4, Math.sqrt(limit))
/** Ten minutes of windows of 250 ms. */
const BASELINE_WINDOWS = 2_400
const WARM_UP_WINDOWS = 10
/** Baselines more than this above the present are of a time of load that has passed. */
const DRIFT = 2
const DRIFT_DECAY = 0.95
/** Latency cannot tell what was given up: a drop lowers the limit as Netflix's AIMDLimit does. */
const BACKOFF = 0.9

/** A limit that learns. */
export class Gradient {
  readonly #options: GradientOptions
  #limit: number
  #baselineMs = 0
  #windows = 0

  constructor(options: GradientOptions) {
    this.#options = options
    this.#limit = options.initialLimit
  }

  /** Calls that may run at once, a whole number. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  /** Learns from one window. */
  update({ meanMs, inFlight, dropped }: GradientSample): void {
    const baselineMs = this.#learnBaseline(meanMs)
    if (dropped) this.#become(this.#limit * BACKOFF)
    // Calls that leave the limit unused say nothing about a higher one.
    else if (inFlight >= this.#limit / 2) this.#become(this.#smoothed(baselineMs / meanMs))
  }

  #smoothed(ratio: number): number {
    // Never below half: one odd window must not shut a service.
    const gradient = Math.max(0.5, Math.min(1, TOLERANCE * ratio))
    return this.#limit * (1 - SMOOTHING) + (this.#limit * gradient + queueFor(this.#limit)) * SMOOTHING
  }

  /** The mean of the first windows, then an exponential one; the baseline that counts is the one before drift is taken off. */
  #learnBaseline(meanMs: number): number {
    this.#windows++
    const weight = this.#windows <= WARM_UP_WINDOWS ? 1 / this.#windows : 2 / (BASELINE_WINDOWS + 1)
    const baselineMs = this.#baselineMs + (meanMs - this.#baselineMs) * weight
    this.#baselineMs = baselineMs / meanMs > DRIFT ? baselineMs * DRIFT_DECAY : baselineMs
    return baselineMs
  }

  #become(limit: number): void {
    this.#limit = Math.max(this.#options.minLimit, Math.min(this.#options.maxLimit, limit))
  }
}
