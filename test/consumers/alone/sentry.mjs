import assert from 'node:assert/strict'
import { startSentry } from '@ops/sentry'

const sentry = await startSentry({ dsn: undefined, service: 'consumer', version: '1.0.0', env: 'test' })

assert.equal(sentry.enabled, false)
await sentry.close()
