import assert from 'node:assert/strict'
import { createLogger } from '@ops/logger'

const lines = []
const destination = { write: (text) => void lines.push(text) }
const logger = createLogger({ service: 'consumer', destination })
logger.info({ order_id: 42, password: 'hunter2' }, 'order placed')
await logger.close({ timeoutMs: 2000 })
const line = JSON.parse(lines.join('').trim())

assert.equal(line.message, 'order placed')
assert.equal(line.context.order_id, 42)
assert.doesNotMatch(lines.join(''), /hunter2/)
