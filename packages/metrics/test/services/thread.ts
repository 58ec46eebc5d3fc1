/** A worker thread with metrics of its own, that records, blocks or ends on request. */
import { parentPort } from 'node:worker_threads'
import { aggregateThreads, createMetrics } from '@ops/metrics'
import { catalog } from './aggregated-catalog.ts'

const metrics = createMetrics(catalog, { service: 'thread' })
aggregateThreads(metrics)
metrics.onCollect(() => metrics.load.set({}, 3), { name: 'load' })
parentPort?.on('message', (message: { inc?: number; blockMs?: number }) => {
  metrics.jobs.inc({ kind: 'new' }, message.inc ?? 0)
  metrics.duration.observe({}, 1)
  parentPort?.postMessage('recorded')
  const until = performance.now() + (message.blockMs ?? 0)
  while (performance.now() < until);
})
