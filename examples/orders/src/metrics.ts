import { counter, defineMetrics, histogram } from '@ops/metrics'

/** Business figures of the orders service. */
export const catalog = defineMetrics({
  placed: counter('orders_placed_total', {
    help: 'Orders accepted by outcome of pricing',
    labels: { pricing: ['live', 'fallback'] },
  }),
  value: histogram('order_value_euros', { help: 'Value of accepted orders', buckets: [1, 5, 10, 50, 100, 500, 1000] }),
})
