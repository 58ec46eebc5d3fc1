/** A server simulated in steps of 5 ms: `capacity` requests are worked on at once, the others wait in order. */
import type { TestClock } from '@ops/testing'
import type { ConcurrencyLimiter, Priority } from '../src/index.ts'

/** What comes, and what it meets. */
export interface Simulation {
  readonly clock: TestClock
  /** Undefined admits everything. */
  readonly limiter: ConcurrencyLimiter | undefined
  readonly capacity: number
  readonly serviceMs: number
  readonly seconds: number
  readonly arrivalsPerSecond: (second: number) => number
  readonly priorityOf?: (at: number) => Priority
}

/** What became of it in the second half, when limits have settled; `refused` counts all of it. */
export interface SimulationResult {
  readonly served: number
  readonly couldServe: number
  readonly refused: number
  readonly p95Ms: number
  /** Share of the arrivals of a priority that was admitted. */
  admittedShare(priority: Priority): number
}

const STEP_MS = 5

interface Request {
  readonly arrivedAt: number
  endsAt: number
}

/** Runs a simulation on its clock. */
export async function simulateServer(simulation: Simulation): Promise<SimulationResult> {
  const { clock, limiter, capacity, serviceMs, seconds, arrivalsPerSecond } = simulation
  const { priorityOf = () => 'normal' } = simulation
  const began = clock.monotonic()
  const halfAt = began + seconds * 500
  const [waiting, latencies, running] = [[] as Request[], [] as number[], new Set<Request>()]
  const seen = new Map<Priority, { arrived: number; admitted: number }>()
  let [refused, at, next, owed] = [0, 0, 0, 0]

  const arrive = (now: number) => {
    const priority = priorityOf(at++)
    const isAdmitted = limiter === undefined || limiter.admit(priority) === undefined
    const count = seen.get(priority) ?? { arrived: 0, admitted: 0 }
    if (now >= halfAt) seen.set(priority, count)
    count.arrived++
    if (!isAdmitted) return refused++
    count.admitted++
    limiter?.enter()
    waiting.push({ arrivedAt: now, endsAt: Infinity })
  }
  const end = (request: Request, now: number) => {
    running.delete(request)
    limiter?.leave(now - request.arrivedAt)
    if (now >= halfAt) latencies.push(now - request.arrivedAt)
  }
  for (let now = began; now < began + seconds * 1_000; now = clock.monotonic()) {
    for (const request of running) if (request.endsAt <= now) end(request, now)
    owed += (arrivalsPerSecond(Math.floor((now - began) / 1_000)) * STEP_MS) / 1_000
    for (; owed >= 1; owed--) arrive(now)
    for (; running.size < capacity && next < waiting.length; next++) {
      const request = waiting[next] as Request
      request.endsAt = now + serviceMs
      running.add(request)
    }
    await clock.advance(STEP_MS)
  }
  for (const _ of [...running, ...waiting.slice(next)]) limiter?.leave(undefined)
  latencies.sort((a, b) => a - b)
  return {
    refused,
    served: latencies.length,
    couldServe: (capacity / serviceMs) * seconds * 500,
    p95Ms: latencies[Math.floor(latencies.length * 0.95)] ?? 0,
    admittedShare: (priority) => {
      const { arrived = 0, admitted = 0 } = seen.get(priority) ?? {}
      return admitted / Math.max(1, arrived)
    },
  }
}
