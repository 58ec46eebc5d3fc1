import assert from 'node:assert/strict'
import process from 'node:process'
import { defineService } from '@ops/service'

Object.assign(process.env, { PORT: '0', OPS_PORT: '0', DRAIN_DELAY_MS: '0' })
const { ops } = await defineService({ name: 'consumer', owner: 'team-consumer', tier: 3, settings: {} }).run()
const ready = await fetch(`http://127.0.0.1:${ops.opsPort}/readyz`)

assert.equal(ready.status, 200)
process.kill(process.pid, 'SIGTERM')
