/** A cluster: the primary serves the sums, two workers record. */
import cluster, { type Worker } from 'node:cluster'
import { aggregateCluster, createMetrics } from '@ops/metrics'
import { catalog } from './aggregated-catalog.ts'

const metrics = createMetrics(catalog, { service: 'cluster' })
aggregateCluster(metrics)

if (cluster.isPrimary) {
  metrics.jobs.inc({ kind: 'primary' })
  const workers: Worker[] = [cluster.fork(), cluster.fork()]
  let ready = 0
  cluster.on('message', async (_worker, message) => {
    if (message !== 'ready' || ++ready < 2) return
    const { port } = await metrics.serve({ port: 0 })
    process.send?.({ port })
  })
  process.on('message', (message: 'kill' | 'wedge') => {
    if (message === 'wedge') return void workers[1]?.send('wedge', () => process.send?.('done'))
    cluster.once('exit', () => process.send?.('done'))
    workers[0]?.process.kill('SIGKILL')
  })
} else {
  metrics.jobs.inc({ kind: 'new' }, 10)
  metrics.load.set({}, 2)
  metrics.duration.observe({}, 1)
  process.on('message', (message) => {
    if (message !== 'wedge') return
    const until = performance.now() + 10_000
    while (performance.now() < until);
  })
  process.send?.('ready')
}
