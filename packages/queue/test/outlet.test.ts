import { describe, expect, test } from 'vitest'
import { Outlet } from '../src/outlet.ts'
import { connect } from './fixture.ts'

describe('Outlet', () => {
  test('hold() keeps writes back until what is ready has run, and what was sent meanwhile is answered', async () => {
    const redis = await connect()
    const outlet = new Outlet(redis)

    outlet.hold()
    outlet.hold()
    const answers = Promise.all([redis.echo('a'), redis.echo('b')])
    const during = redis.stream.writableCorked
    await new Promise((resolve) => process.nextTick(resolve))

    expect([during, redis.stream.writableCorked]).toEqual([1, 0])
    expect(await answers).toEqual(['a', 'b'])
  })

  test('hold() can hold again in a later turn', async () => {
    const redis = await connect()
    const outlet = new Outlet(redis)
    outlet.hold()
    await redis.ping()

    outlet.hold()

    expect(redis.stream.writableCorked).toBe(1)
    expect(await redis.ping()).toBe('PONG')
  })
})
