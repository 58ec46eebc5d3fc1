import { runOptions, service } from '@ops-examples/orders'

await service.run(() => import('./app.ts'), runOptions)
