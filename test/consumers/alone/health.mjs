import assert from 'node:assert/strict'
import { createHealth, createLifecycle, manualCheck } from '@ops/health'

const health = createHealth()
const lifecycle = createLifecycle({ health, signals: false, propagationDelayMs: 0, exit: () => {} })
const closed = []
lifecycle.onClose('first', () => closed.push('first'))
lifecycle.onClose('second', () => closed.push('second'))
await lifecycle.started()
await lifecycle.shutdown()

assert.equal(typeof manualCheck, 'function')
assert.deepEqual(closed, ['second', 'first'])
