import { describe, expect, test } from 'vitest'
import { Arena, growTo } from '../src/arena.ts'
import { Family } from '../src/family.ts'
import { MetricsReader } from '../src/reader.ts'
import { SeriesLog } from '../src/series-log.ts'
import { takeSnapshot } from '../src/snapshot.ts'

describe('Arena', () => {
  test('allocate() keeps earlier slots valid when the memory grows', () => {
    const arena = new Arena()
    const first = arena.allocate(1)
    const big = arena.allocate(100_000)
    if (first === undefined || big === undefined) throw new Error('no memory')

    first.values[first.at] = 7
    big.values[big.at + 99_999] = 8

    const all = new Float64Array(arena.buffer)
    expect([all[first.at], all[big.at + 99_999]]).toEqual([7, 8])
  })

  test('allocate() gives nothing when the memory is used up', () => {
    expect(new Arena().allocate(40_000_000)).toBeUndefined()
    expect(growTo(new Arena().buffer, 2 ** 40)).toBe(false)
  })

  test('free() lets a slot rest before it is used again', () => {
    const arena = new Arena()
    const at = arena.allocate(1)?.at as number
    arena.free(at)
    expect(arena.allocate(1)?.at).not.toBe(at)

    for (let i = 0; i < 1024; i++) arena.free(10_000 + i)
    expect(arena.allocate(1)?.at).toBe(at)
  })
})

describe('Family', () => {
  test('find() refuses for capacity when no series can be made', () => {
    const refused: string[] = []
    const limits = { maxSeries: 1, maxValuesPerLabel: 1 }
    const family = new Family<object>({ a: 'string' }, limits, {
      create: () => undefined,
      destroy: () => {},
      overflowed: () => {},
      refused: (reason) => refused.push(reason),
    })

    expect(family.find({ a: 'x' })).toBeUndefined()
    expect(refused).toEqual(['capacity'])
  })
})

describe('MetricsReader', () => {
  const header = { name: 'x', kind: 'gauge', help: 'x', labels: ['a'], buckets: [] } as const

  test('keeps what it had when it meets a log that is being rewritten', () => {
    const arena = new Arena()
    const log = new SeriesLog()
    log.append(['family', 0, header])
    log.append(['series', 0, 0, ['one']])
    const reader = new MetricsReader({ values: arena.buffer, log: log.buffer })
    reader.catchUp()
    const labels = () => takeSnapshot(reader)[0]?.series.map(([values]) => values[0])

    log.rewrite(
      (function* () {
        yield ['family', 0, header] as const
        reader.catchUp()
        expect(labels()).toEqual(['one'])
        yield ['series', 0, 1, ['two']] as const
      })(),
    )
    expect(labels()).toEqual(['one'])

    reader.catchUp()
    expect(labels()).toEqual(['two'])
  })
})
