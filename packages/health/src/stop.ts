/** The stop of a process, step by step, each within its time. */
import { type Clock, type Logger, sleep } from '@ops/core'
import type { Beacons } from './beacons.ts'
import { activeResources, type EndOfLife } from './end-of-life.ts'
import { DrainDeadlineError } from './errors.ts'
import type { HttpDrain } from './http-drain.ts'
import type { LifecycleTimes } from './lifecycle-options.ts'
import type { SocketDrain } from './socket-drain.ts'
import type { Startup } from './startup.ts'
import { runStep, type StepRecord } from './step.ts'

/** A registered callback. */
export interface Hook<F> {
  readonly name: string
  readonly run: F
}

/** All that a stop goes through. */
export interface StopParts {
  readonly times: LifecycleTimes
  readonly clock: Clock
  readonly logger: Logger
  readonly startup: Startup
  readonly servers: readonly Hook<HttpDrain>[]
  readonly sockets: SocketDrain
  readonly beacons: Beacons
  readonly drains: readonly Hook<(signal: AbortSignal) => unknown>[]
  readonly closes: readonly Hook<() => unknown>[]
  /** Told of each step as it ends. */
  readonly onStep: (step: StepRecord) => void
}

/** What is known before the flush. */
export type Drained = Pick<EndOfLife, 'requests' | 'steps' | 'beacons' | 'keptAlive'> & { readonly clean: boolean }

/** How long the other side of a WebSocket may take to say goodbye. */
export const GOODBYE_MS = 2000

/** Time for drains to answer their aborted signal. */
const ABORT_GRACE_MS = 100

/** Drains and closes. Never rejects; `propagate` says whether balancers must notice first. */
export async function drainAndClose(parts: StopParts, propagate: boolean): Promise<Drained> {
  const { clock, times, startup, servers, beacons } = parts
  const startMs = clock.monotonic()
  const remainingMs = () => times.deadlineMs - (clock.monotonic() - startMs)
  const steps: StepRecord[] = []
  const step: StepRunner = async (name, run, limitMs) => {
    const record = await runStep(name, run, { clock, limitMs })
    steps.push(record)
    parts.onStep(record)
  }
  if (startup.timeline.some((phase) => phase.outcome === 'running')) {
    await step('startup', () => startup.abort(), remainingMs())
  } else void startup.abort()
  if (propagate) await step('propagation', () => sleep(times.propagationDelayMs, { clock }), remainingMs())
  const late = await drainAll(parts, step, remainingMs)
  const burning = beacons.names()
  const cut = servers.reduce((sum, { run }) => sum + run.cut(), 0)
  await closeAll(parts, step, remainingMs())
  return {
    requests: { finished: servers.reduce((sum, { run }) => sum + run.requests, 0) - cut, cut },
    steps,
    beacons: burning,
    keptAlive: activeResources(),
    clean: !late && cut === 0 && steps.every(({ outcome }) => outcome === 'done'),
  }
}

type StepRunner = (name: string, run: () => unknown, limitMs: number) => Promise<void>

/** Servers, sockets, queues, timers and beacons at once. True when the deadline passed. */
async function drainAll(parts: StopParts, step: StepRunner, remainingMs: () => number): Promise<boolean> {
  const { clock, times, servers, sockets, beacons, drains } = parts
  const deadline = new AbortController()
  const timer = clock.setTimeout(
    () => deadline.abort(new DrainDeadlineError(times.deadlineMs)),
    Math.max(0, remainingMs()),
    { keepAlive: true },
  )
  const limitMs = remainingMs() + ABORT_GRACE_MS
  const goodbyeMs = Math.min(GOODBYE_MS, Math.max(0, remainingMs()))
  await Promise.all([
    ...servers.map(({ name, run }) => step(name, () => run.drain(), limitMs - ABORT_GRACE_MS)),
    ...drains.map(({ name, run }) => step(`drain ${name}`, () => run(deadline.signal), limitMs)),
    ...(sockets.open > 0 ? [step('sockets', () => sockets.drain(goodbyeMs), limitMs)] : []),
    ...(beacons.names().length > 0 ? [step('beacons', () => beacons.whenDark(), limitMs)] : []),
  ])
  timer.cancel()
  return deadline.signal.aborted
}

/** In reverse order of registration: what was opened first is used by what came later. */
async function closeAll(parts: StopParts, step: StepRunner, remainingMs: number): Promise<void> {
  const { clock, times } = parts
  const endMs = clock.monotonic() + Math.max(times.closeTimeoutMs, remainingMs)
  for (const { name, run } of parts.closes.toReversed()) {
    await step(`close ${name}`, run, Math.min(times.closeTimeoutMs, endMs - clock.monotonic()))
  }
}

/** Delivers what is buffered, all at once; never rejects. */
export function flushAll(
  flushes: readonly Hook<() => unknown>[],
  options: { readonly clock: Clock; readonly limitMs: number },
): Promise<StepRecord[]> {
  return Promise.all(flushes.map(({ name, run }) => runStep(`flush ${name}`, run, options)))
}
