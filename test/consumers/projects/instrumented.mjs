/** A project with the optional peers: the SDKs of OpenTelemetry and Sentry, loaded where somebody asks for them. */
import assert from 'node:assert/strict'
import { startSentry } from '@ops/sentry'
import * as nodeSdk from '@ops/tracing/node-sdk'

assert.notEqual(Object.keys(nodeSdk).length, 0)
const sentry = await startSentry({
  dsn: 'http://key@127.0.0.1:9/1',
  service: 'instrumented',
  version: '1.0.0',
  env: 'test',
})
assert.equal(sentry.enabled, true)
await sentry.close()
