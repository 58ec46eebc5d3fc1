// Scenario: flags. Run: node flags.mjs [group substring], after a build of @ops/flags.
import { createRequire } from 'node:module'
import { micro } from './lib/micro.mjs'

const load = () => import('../packages/flags/dist/index.js')
/** The copies that @ops/flags itself sees, as in an application that has one of each. */
const require = createRequire(new URL('../packages/flags/package.json', import.meta.url))
const NAMES = Array.from({ length: 100 }, (_, i) => `flag-${i}`)
const STATE = { enabled: true, percentage: 50, users: ['u-1'] }

function catalogOf({ defineFlags, flag }) {
  return defineFlags(Object.fromEntries(NAMES.map((name) => [name, flag(false, 'A flag')])))
}

async function file() {
  const { mkdtempSync, writeFileSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const path = `${mkdtempSync(`${tmpdir()}/ops-bench-`)}/flags.json`
  writeFileSync(path, JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, STATE]))))
  return path
}

async function features(enabled) {
  const ops = await load()
  const flags = ops.createFlags(catalogOf(ops), {
    provider: ops.fileFlags({ path: await file() }),
    enabled: () => enabled,
  })
  await flags.ready
  return flags
}

const map = async () => {
  const values = new Map(NAMES.map((name, i) => [name, i % 2 === 0]))
  return (i) => values.get(NAMES[i % 100])
}
const ours = async (enabled) => {
  const flags = await features(enabled)
  return (i) => flags.isEnabled(NAMES[i % 100])
}
const openFeature = async () => {
  const { OpenFeature, InMemoryProvider } = require('@openfeature/server-sdk')
  const one = { variants: { on: true, off: false }, defaultVariant: 'on', disabled: false }
  const provider = new InMemoryProvider(Object.fromEntries(NAMES.map((name) => [name, one])))
  await OpenFeature.setProviderAndWait(provider)
  const client = OpenFeature.getClient()
  return { async: true, op: (i) => client.getBooleanValue(NAMES[i % 100], false) }
}

await micro({
  name: 'flags',
  url: import.meta.url,
  groups: [
    {
      title: 'A flag out of 100',
      contenders: [
        { name: 'Map lookup', setup: map },
        { name: '@ops/flags, disabled', setup: () => ours(false) },
        { name: '@ops/flags, enabled, no context', setup: () => ours(true) },
        { name: 'OpenFeature, in-memory provider', setup: openFeature },
      ],
    },
  ],
})
