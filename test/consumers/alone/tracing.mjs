import assert from 'node:assert/strict'
import { span, startTracing } from '@ops/tracing'

const tracing = startTracing({ service: 'consumer', env: 'test', sample: { head: 1 }, export: {} })

assert.equal(await span('price order', { 'order.lines': 3 }, async () => 42), 42)
await tracing.shutdown()
