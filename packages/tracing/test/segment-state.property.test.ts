import { type Span, SpanStatusCode } from '@opentelemetry/api'
import { createContext, type WorkContext } from '@ops/core'
import { createTestClock } from '@ops/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDropCounts, type TracingLimits } from '../src/limits.ts'
import { createProvider } from '../src/provider.ts'
import { Recorder } from '../src/recorder.ts'
import { createPolicy } from '../src/sampling.ts'
import type { FinishedSpan } from '../src/segment.ts'
import { SegmentBuffer } from '../src/segment-buffer.ts'

/** What a run may do, to one of a few units of work at a time. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('child' as const), unit: fc.nat(5) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('endChild' as const), unit: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('failChild' as const), unit: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('failRoot' as const), unit: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('endRoot' as const), unit: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('keep' as const), unit: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const), unit: fc.nat(40) }) },
)

interface Unit {
  readonly work: WorkContext
  readonly root: Span
  readonly open: Span[]
  readonly ended: Span[]
  rootEnded: boolean
  firstError: Span | undefined
}

function createWorld(head: number, limits: TracingLimits) {
  const clock = createTestClock()
  const policy = createPolicy({ head, errors: true, slowerThanMs: Infinity, rules: [] })
  const shipped: FinishedSpan[] = []
  const drops = createDropCounts()
  let aheadMs = 0
  const now = () => clock.monotonic() + aheadMs
  const buffer = new SegmentBuffer({ limits, policy, drops, now, ship: (span) => shipped.push(span) })
  const tracer = createProvider(
    new Recorder({ ...clock, now: () => clock.now(), monotonic: now }, policy, buffer),
  ).getTracer('t')
  const units = Array.from({ length: 6 }, (): Unit => {
    const work = createContext()
    return {
      work,
      root: tracer.startSpan('root', {}, work),
      open: [],
      ended: [],
      rootEnded: false,
      firstError: undefined,
    }
  })
  const endChild = (unit: Unit) => {
    const child = unit.open.shift()
    child?.end()
    if (child !== undefined) unit.ended.push(child)
  }
  const fail = (unit: Unit, span: Span | undefined) => {
    if (span?.isRecording() !== true) return
    span.setStatus({ code: SpanStatusCode.ERROR })
    unit.firstError ??= span
  }
  const run: Record<string, (unit: Unit, n: number) => void> = {
    child: (unit) => void unit.open.push(tracer.startSpan('child', {}, unit.work)),
    endChild,
    failChild: (unit) => {
      fail(unit, unit.open[0])
      endChild(unit)
    },
    failRoot: (unit) => fail(unit, unit.root),
    endRoot: (unit) => {
      unit.root.end()
      unit.rootEnded = true
    },
    keep: (unit) => unit.work.keep('asked'),
    sweep: (_, seconds) => {
      aheadMs += seconds * 1000
      buffer.sweep()
    },
  }
  return { units, shipped, buffer, drops, run }
}

const limits = fc.record({
  maxSegments: fc.integer({ min: 1, max: 8 }),
  maxSpansPerSegment: fc.integer({ min: 1, max: 8 }),
  maxSpans: fc.integer({ min: 1, max: 20 }),
  maxAgeMs: fc.constant(60_000),
  lateChildrenMs: fc.constant(30_000),
})

test('SegmentBuffer keeps bounds, ships nothing twice, and never loses a root or a first error, whatever happens in any order', () => {
  fc.assert(
    fc.property(limits, fc.constantFrom(0, 0.5, 1), fc.array(step, { maxLength: 120 }), (bounds, head, steps) => {
      const { units, shipped, buffer, run } = createWorld(head, bounds)

      for (const { do: action, unit } of steps) {
        run[action]?.(units[unit % units.length] as Unit, unit)
        expect(buffer.segments).toBeLessThanOrEqual(bounds.maxSegments)
        expect(buffer.spans).toBeLessThanOrEqual(bounds.maxSpans)
      }
      for (const unit of units) {
        while (unit.open.length > 0) run['endChild']?.(unit, 0)
        unit.root.end()
      }

      expect(buffer.segments).toBe(0)
      expect(buffer.spans).toBe(0)
      const out = new Set<unknown>(shipped)
      expect(out.size).toBe(shipped.length)
      for (const { root, firstError } of units) {
        if (firstError === undefined) continue
        expect(out.has(root)).toBe(true)
        expect(out.has(firstError)).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

test('SegmentBuffer ships all of a segment or nothing when no bound is met', () => {
  const wide = {
    maxSegments: 100,
    maxSpansPerSegment: 500,
    maxSpans: 10_000,
    maxAgeMs: Infinity,
    lateChildrenMs: Infinity,
  }
  fc.assert(
    fc.property(fc.constantFrom(0, 0.5, 1), fc.array(step, { maxLength: 120 }), (head, steps) => {
      const { units, shipped, drops, run } = createWorld(head, wide)

      for (const { do: action, unit } of steps) run[action]?.(units[unit % units.length] as Unit, unit)
      const endedRootBefore = units.map((unit) => unit.rootEnded)
      for (const unit of units) {
        while (unit.open.length > 0) run['endChild']?.(unit, 0)
        unit.root.end()
      }

      const out = new Set<unknown>(shipped)
      for (const [index, { work, root, ended, firstError }] of units.entries()) {
        const sampled = (root.spanContext().traceFlags & 1) === 1
        const kept = sampled || firstError !== undefined || work.keepReason !== undefined
        const mine = [root, ...ended].filter((span) => out.has(span))
        // A root that ended early may have been decided before the reason came: then what came before stays out.
        if (!kept) expect(mine).toEqual([])
        else if (endedRootBefore[index] === false) expect(mine.length).toBe(1 + ended.length)
      }
      expect(Object.values(drops).every((count) => count === 0)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
