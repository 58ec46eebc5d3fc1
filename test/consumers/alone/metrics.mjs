import assert from 'node:assert/strict'
import { counter, createMetrics, defineMetrics } from '@ops/metrics'

const catalog = defineMetrics({ orders: counter('orders_total', { help: 'Orders', labels: { kind: ['new'] } }) })
const metrics = createMetrics(catalog, { service: 'consumer', version: '1.0.0', commit: 'abc' })
metrics.orders.inc({ kind: 'new' })
const { port } = await metrics.serve({ port: 0 })
const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()

assert.match(page, /^orders_total\{kind="new"\} 1$/m)
await metrics.close()
