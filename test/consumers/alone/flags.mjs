import assert from 'node:assert/strict'
import { createFlags, defineFlags, flag } from '@ops/flags'

const flags = createFlags(defineFlags({ 'new-checkout': flag(true, 'New checkout flow') }), { enabled: () => false })
await flags.ready

assert.equal(flags.isEnabled('new-checkout'), true)
await flags.close()
