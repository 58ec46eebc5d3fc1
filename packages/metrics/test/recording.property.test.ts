/** Recording against a model: whatever the labels and values, each label set has its own sum, as a parser of the text sees it. */
import { counter, histogram } from '@ops/metrics'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTestMetrics } from './test-metrics.ts'

/** Text that is nasty in labels. */
const nasty = fc.oneof(
  fc.constantFrom('1', '1,b:2', '"', '\\', '\\"', '\n', '\\n', '', '}', '{a="1"}', '__overflow__x', 'é', '😀'),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
)
const labelsOf = fc.record({ a: nasty, b: nasty })

/** Reads sample lines as Prometheus does: quoted values with three escapes. */
function parse(text: string, name: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`)) continue
    const values: string[] = []
    const pattern = /[a-z]+="((?:[^"\\]|\\.)*)"[,}]/gy
    pattern.lastIndex = name.length + 1
    let end = pattern.lastIndex
    for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
      values.push((match[1] as string).replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)))
      end = pattern.lastIndex
    }
    const key = JSON.stringify(values)
    expect(found.has(key)).toBe(false)
    found.set(key, Number(line.slice(end)))
  }
  return found
}

describe('exposition', () => {
  test('has one line a label set with its exact sum', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(labelsOf, fc.nat(1000)), { maxLength: 40 }), async (recordings) => {
        const labels = { a: 'string', b: 'string' } as const
        const metrics = createTestMetrics({ hits: counter('hits_total', { help: 'h', labels }) }, { exemplars: false })
        const model = new Map<string, number>()
        for (const [given, by] of recordings) {
          metrics.hits.inc(given, by)
          const key = JSON.stringify([given.a, given.b])
          model.set(key, (model.get(key) ?? 0) + by)
        }

        expect(parse(await metrics.expose(), 'hits_total')).toEqual(model)
      }),
    )
  })

  test('has buckets that count what is at most their bound', async () => {
    const bounds = [-1, 0, 0.5, 2, 1000]
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: -5, max: 5000, noNaN: true })), async (values) => {
        const metrics = createTestMetrics(
          { size: histogram('size_bytes', { help: 'h', buckets: bounds }) },
          { exemplars: false },
        )
        for (const value of values) metrics.size.observe({}, value)

        const buckets = parse(await metrics.expose(), 'size_bytes_bucket')
        for (const bound of bounds) {
          expect(buckets.get(JSON.stringify([`${bound}`]))).toBe(values.filter((value) => value <= bound).length)
        }
        expect(buckets.get('["+Inf"]')).toBe(values.length)
      }),
    )
  })

  test('is the same from a reader that follows as from one that comes late', async () => {
    const { MetricsReader } = await import('../src/reader.ts')
    const { takeSnapshot } = await import('../src/snapshot.ts')
    const { internalsOf } = await import('../src/internals.ts')
    const { gauge } = await import('@ops/metrics')
    const step = fc.tuple(fc.constantFrom('set', 'remove', 'read'), fc.nat(9), fc.nat(100))
    await fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const metrics = createTestMetrics(
          { depth: gauge('depth_ratio', { help: 'h', labels: { id: 'string' } }) },
          { exemplars: false },
        )
        const { shared } = internalsOf(metrics)
        const follower = new MetricsReader(shared)
        for (const [kind, id, value] of steps) {
          if (kind === 'set') metrics.depth.set({ id: `${id}` }, value)
          else if (kind === 'remove') metrics.depth.remove({ id: `${id}` })
          else follower.catchUp()
        }
        follower.catchUp()
        const late = new MetricsReader(shared)
        late.catchUp()

        expect(takeSnapshot(follower)).toEqual(takeSnapshot(late))
      }),
    )
  })
})
