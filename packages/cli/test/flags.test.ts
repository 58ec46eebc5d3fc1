import { fileURLToPath } from 'node:url'
import { createSpanId } from '@ops/core'
import { createFlagStore, type FlagState } from '@ops/flags'
import { createRedis, redisReady } from '@ops/redis'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { audienceOf, staleOf } from '../src/flags/view.ts'
import { type Ran, runWith } from './run-command.ts'

const SERVICE = fileURLToPath(new URL('./flags.fixture.ts', import.meta.url))
const DAY_MS = 86_400_000

/** Flags of a name of their own, asked by an operator of the declared service. */
function operator() {
  const name = `t${createSpanId()}`
  const env = { SHOP_REDIS: inject('redisUrl'), USER: 'ada' }
  const flags = (...words: string[]): Promise<Ran> =>
    runWith({ env }, 'flags', ...words, '--service', SERVICE, '--name', name)
  return { name, flags }
}

async function storeOf(name: string) {
  const redis = createRedis({ url: inject('redisUrl'), name: 'cli' })
  onTestFinished(() => redis.disconnect())
  await redisReady(redis)
  return createFlagStore({ redis, name })
}

describe('ops flags', () => {
  test('ops flags set stores state, author and reason, which show and history tell', async () => {
    const { name, flags } = operator()

    const set = await flags('set', 'new-checkout', '--on', '--percentage', '10', '--user', 'u-1', '--reason', 'pilot')
    const show = await flags('show', 'new-checkout')
    const history = await flags('history', '--json')

    expect(set).toMatchObject({ code: 0, out: 'set new-checkout: its default -> on for users u-1 and 10 %\n' })
    expect(show.out).toMatch(/what it is +New checkout flow/)
    expect(show.out).toMatch(/on for users u-1 and 10 % +ada +pilot/)
    expect(JSON.parse(history.out).changes).toEqual([
      {
        flag: 'new-checkout',
        state: { enabled: true, users: ['u-1'], percentage: 10 },
        at: expect.any(Number),
        author: 'ada',
        reason: 'pilot',
      },
    ])
    expect(await (await storeOf(name)).tryGet('new-checkout')).toEqual({
      enabled: true,
      users: ['u-1'],
      percentage: 10,
    })
  })

  test('ops flags list shows declared and stored flags, and who changed them last', async () => {
    const { name, flags } = operator()
    await flags('set', 'new-checkout', '--off', '--author', 'grace', '--reason', 'incident')
    await (await storeOf(name)).set('forgotten', { enabled: true }, { author: 'eve', reason: 'test' })

    const list = await flags('list')
    const json = JSON.parse((await flags('list', '--json')).out)

    expect(list.out).toMatch(/^ +new-checkout +off +false +\d{4}-\d\d-\d\d by grace$/m)
    expect(list.out).toMatch(/^ +old-banner +its default +false +never$/m)
    expect(list.out).toMatch(/^ +forgotten +on for everybody +not declared +\d{4}-\d\d-\d\d by eve$/m)
    expect(json.flags.map(({ flag }: { flag: string }) => flag)).toEqual(['forgotten', 'new-checkout', 'old-banner'])
  })

  test('ops flags stale exits 1 and says why when a flag is past its day or no code declares it', async () => {
    const { name, flags } = operator()
    await (await storeOf(name)).set('forgotten', { enabled: true }, { author: 'eve', reason: 'test' })

    const stale = await flags('stale')

    expect(stale.code).toBe(1)
    expect(stale.out).toMatch(/^ +forgotten +stored but not declared/m)
    expect(stale.out).toMatch(/^ +old-banner +to be removed from the code by 2020-08-31$/m)
    expect(stale.out).not.toContain('new-checkout')
  })

  test.each([
    [['set', 'new-chekout', '--on', '--reason', 'r'], 2, 'did you mean new-checkout?'],
    [['set', 'new-checkout', '--reason', 'r'], 2, 'expected either --on or --off'],
    [['set', 'new-checkout', '--on', '--off', '--reason', 'r'], 2, 'expected either --on or --off'],
    [['set', 'new-checkout', '--on'], 2, 'no reason, expected --author and --reason'],
    [
      ['set', 'new-checkout', '--on', '--percentage', '101', '--reason', 'r'],
      1,
      'percentage is 101, expected 0 to 100',
    ],
    [['set', 'new-checkout', '--on', '--percentage', 'ten', '--reason', 'r'], 1, 'expected 0 to 100'],
    [['show', 'none'], 2, 'Cannot show flag none: it is not declared'],
    [['history', '--limit', '0'], 2, '--limit is 0, expected a whole number from 1'],
  ])('ops flags %j is refused with exit code %i', async (words, code, message) => {
    const { flags } = operator()

    const ran = await flags(...words)

    expect(ran.code).toBe(code)
    expect(ran.err).toContain(message)
    expect(JSON.parse((await flags('history', '--json')).out).changes).toEqual([])
  })

  test('ops flags says where it looked when Redis does not answer, or is nowhere', async () => {
    const away = await runWith({}, 'flags', 'list', '--redis', 'redis://127.0.0.1:1')
    const nowhere = await runWith({}, 'flags', 'list', '--service', SERVICE)

    expect(away.code).toBe(2)
    expect(away.err).toContain('Cannot reach redis at 127.0.0.1:1')
    expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining('neither --redis nor REDIS_URL is set') })
  })
})

describe('staleOf()', () => {
  const declared = { 'new-checkout': { defaultValue: false, description: 'New' } }
  const changedAt = 100 * DAY_MS
  const known = (state: FlagState) => ({
    declared,
    states: { 'new-checkout': state },
    history: [{ flag: 'new-checkout', state, at: changedAt, author: 'a', reason: 'r' }],
  })

  test('staleOf() names a flag that everybody has had for 30 days, and no sooner', () => {
    const forAll = known({ enabled: true })

    expect(staleOf(forAll, changedAt + 29 * DAY_MS)).toEqual([])
    expect(staleOf(forAll, changedAt + 30 * DAY_MS)).toEqual([
      { flag: 'new-checkout', why: expect.stringContaining('30 days') },
    ])
    expect(staleOf(known({ enabled: true, percentage: 50 }), changedAt + 90 * DAY_MS)).toEqual([])
    expect(staleOf(known({ enabled: true, regions: ['eu'] }), changedAt + 90 * DAY_MS)).toEqual([])
  })

  test('staleOf() calls nothing undeclared when no declaration is at hand', () => {
    expect(staleOf({ ...known({ enabled: true }), declared: undefined }, changedAt)).toEqual([])
  })

  test.each<[FlagState, string]>([
    [{ enabled: false }, 'off'],
    [{ enabled: true, organisations: ['acme'], regions: ['eu'] }, 'on for organisations acme in eu'],
    [{ enabled: true, value: false, users: ['u'] }, 'false for users u'],
    [{ enabled: true, percentage: 0 }, 'on for nobody'],
  ])('audienceOf() says of %j %s', (state, words) => {
    expect(audienceOf(state)).toBe(words)
  })
})
