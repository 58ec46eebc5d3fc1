import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk'
import { trace } from '@opentelemetry/api'
import { createContext, runInContext, type WorkContext } from '@ops/core'
import { createTestClock, recordMetrics, recordSpans, waitFor } from '@ops/testing'
import { expect, test } from 'vitest'
import { createFlags, defineFlags, fileFlags, flag, parseFlagState, staleFlags } from '../src/index.ts'
import { closing, uniqueName } from './fixture.ts'

const catalog = defineFlags({
  'new-checkout': flag(false, 'New checkout flow', { rollout: '10 % -> 100 %', removeBy: '2026-03-01' }),
  'legacy-export': flag(true, 'The export of old'),
})

function stateFile(states: unknown): string {
  const dir = mkdtempSync(join(tmpdir(), 'ops-flags-'))
  closing(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'flags.json')
  writeFileSync(path, JSON.stringify(states))
  return path
}

async function setup(states: unknown, options: { enabled?: () => boolean; region?: () => string } = {}) {
  const [clock, metrics, domain] = [createTestClock(), recordMetrics(), uniqueName()]
  const path = stateFile(states)
  const provider = fileFlags({ path, clock })
  const features = createFlags(catalog, { provider, domain, meter: metrics.meter, ...options })
  closing(() => features.close())
  await features.ready
  const forUser = (userId?: string, tenant?: string) =>
    runInContext(createContext({ userId, tenant }), () => features.isEnabled('new-checkout'))
  return { clock, metrics, domain, path, provider, features, forUser }
}

test('isEnabled() answers the default when nothing is stored', async () => {
  const { features } = await setup({})

  expect([features.isEnabled('new-checkout'), features.isEnabled('legacy-export')]).toEqual([false, true])
})

test('isEnabled() answers every default when the system is switched off, and asks nobody', async () => {
  let on = false
  const { forUser, provider } = await setup({ 'new-checkout': { enabled: true } }, { enabled: () => on })
  let asked = 0
  const { valueFor } = provider
  provider.valueFor = (...args) => {
    asked++
    return valueFor(...args)
  }

  expect([forUser('u1'), asked]).toEqual([false, 0])
  on = true
  expect([forUser('u1'), asked]).toEqual([true, 1])
})

test('isEnabled() answers the default for a flag that is disabled, whoever is listed', async () => {
  const { forUser } = await setup({ 'new-checkout': { enabled: false, users: ['u1'], percentage: 100 } })

  expect(forUser('u1')).toBe(false)
})

test('isEnabled() answers the listed users and organisations, and nobody else', async () => {
  const { forUser } = await setup({ 'new-checkout': { enabled: true, users: ['u1'], organisations: ['acme'] } })

  expect([forUser('u1'), forUser('u2', 'acme'), forUser('u2', 'other'), forUser()]).toEqual([true, true, false, false])
})

test('isEnabled() answers nobody outside of the regions', async () => {
  let region = 'eu'
  const state = { enabled: true, regions: ['eu'], users: ['u1'] }
  const { forUser } = await setup({ 'new-checkout': state }, { region: () => region })

  expect(forUser('u1')).toBe(true)
  region = 'us'
  expect(forUser('u1')).toBe(false)
})

test('isEnabled() turns a flag off for a share when its value is false', async () => {
  const { features } = await setup({ 'legacy-export': { enabled: true, value: false } })

  expect(features.isEnabled('legacy-export')).toBe(false)
})

test('isEnabled() counts results and puts them on the span', async () => {
  const { forUser, features, metrics } = await setup({ 'new-checkout': { enabled: true, users: ['u1'] } })
  const recording = recordSpans()
  closing(() => recording.stop())
  const span = trace.getTracer('test').startSpan('unit')

  runInContext(trace.setSpan(createContext({ userId: 'u1' }), span) as WorkContext, () =>
    features.isEnabled('new-checkout'),
  )
  span.end()
  forUser('u2')
  await metrics.collect()
  await metrics.collect()

  const count = (result: string) => metrics.value('feature_flag_evaluations_total', { flag: 'new-checkout', result })
  expect([count('true'), count('false')]).toEqual([1, 1])
  expect(metrics.value('feature_flag_state_age_seconds')).toBe(0)
  expect(metrics.problems).toEqual([])
  expect(recording.spans[0]?.events[0]?.attributes).toEqual({
    'feature_flag.key': 'new-checkout',
    'feature_flag.result.value': true,
  })
})

test('evaluate() answers as isEnabled() does, by the client of OpenFeature', async () => {
  const state = { enabled: true, users: ['u1'], organisations: ['acme'], regions: ['eu'] }
  const { features, forUser, domain } = await setup({ 'new-checkout': state }, { region: () => 'eu' })
  for (const [userId, tenant] of [['u1'], ['u2', 'acme'], ['u2', 'other'], []]) {
    const evaluated = await runInContext(createContext({ userId, tenant }), () => features.evaluate('new-checkout'))
    expect(evaluated).toBe(forUser(userId, tenant))
  }

  const details = await OpenFeature.getClient(domain).getBooleanDetails('new-checkout', false, {
    targetingKey: 'u2',
    tenant: 'acme',
    region: 'eu',
  })
  expect(details).toMatchObject({ value: true, reason: 'TARGETING_MATCH' })
  expect(await OpenFeature.getClient(domain).getStringDetails('new-checkout', 'x')).toMatchObject({
    value: 'x',
    errorCode: 'TYPE_MISMATCH',
  })
})

test('evaluate() answers from any provider of OpenFeature, and isEnabled() says that it cannot', async () => {
  const configuration = { variants: { on: true, off: false }, defaultVariant: 'on', disabled: false }
  const provider = new InMemoryProvider({ 'new-checkout': configuration })
  const features = createFlags(catalog, { provider, domain: uniqueName() })
  await features.ready

  expect(await features.evaluate('new-checkout')).toBe(true)
  expect(await features.evaluate('legacy-export')).toBe(true)
  expect(() => features.isEnabled('new-checkout')).toThrow('expected evaluate()')
})

test('fileFlags() takes a change of its file over after refreshMs', async () => {
  const { clock, path, provider } = await setup({})
  writeFileSync(path, JSON.stringify({ 'new-checkout': { enabled: true } }))

  await clock.advance(1_000)

  await waitFor(() => provider.valueFor('new-checkout', {}) === true)
})

test('isEnabled() throws when a flag is not declared', async () => {
  const { features } = await setup({})

  expect(() => features.isEnabled('other' as 'new-checkout')).toThrow('it is not declared')
})

test('staleFlags() names the flags whose day has passed', () => {
  expect(staleFlags(catalog, '2026-03-01')).toEqual([])
  expect(staleFlags(catalog, '2026-03-02')).toEqual(['new-checkout'])
})

test.each([
  [() => flag('yes' as never, 'x'), 'its default is "yes"'],
  [() => flag(true, ''), 'it has no description'],
  [() => flag(true, 'x', { removeBy: 'soon' }), 'removeBy is "soon", expected YYYY-MM-DD'],
  [() => defineFlags({ NewCheckout: flag(true, 'x') }), 'Cannot declare flag "NewCheckout"'],
  [() => fileFlags({ path: 'x', refreshMs: 1 }), 'refreshMs is 1'],
])('%s throws', (make, message) => {
  expect(make).toThrow(message)
})

test.each([
  [null, 'it is null'],
  [[], 'it is []'],
  [{}, 'enabled is undefined, expected true or false'],
  [{ enabled: true, value: 1 }, 'value is 1'],
  [{ enabled: true, percentage: 101 }, 'percentage is 101, expected 0 to 100'],
  [{ enabled: true, percentage: Number.NaN }, 'percentage is null'],
  [{ enabled: true, users: 'u1' }, 'users is "u1", expected a list of texts'],
  [{ enabled: true, precentage: 10 }, 'it has "precentage"'],
])('parseFlagState() throws FlagInvalidError when given %o', (state, message) => {
  expect(() => parseFlagState('f', state)).toThrow(message)
})
