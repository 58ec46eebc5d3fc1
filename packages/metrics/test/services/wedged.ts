/** A service whose main thread blocks when told to: prints its port, then blocks on SIGUSR2-like message over IPC. */
import { counter, createMetrics, gauge } from '@ops/metrics'

const metrics = createMetrics(
  { served: counter('served_total', { help: 'Served' }), load: gauge('load_ratio', { help: 'Load' }) },
  { service: 'wedged' },
)
metrics.onCollect(() => metrics.load.set({}, 0.5), { name: 'load' })
const served = metrics.served.bind({})
served.inc(7)
const { port } = await metrics.serve({ port: 0 })
process.send?.({ port })
process.on('message', (message: { blockMs: number }) => {
  // What was recorded right before the block must be seen too, and a series first met then.
  served.inc(5)
  metrics.instruments({ late: counter('late_total', { help: 'Late' }) }).late.inc({}, 3)
  process.send?.('blocking', undefined, undefined, () => {
    const until = performance.now() + message.blockMs
    while (performance.now() < until);
    process.send?.('free')
  })
})
