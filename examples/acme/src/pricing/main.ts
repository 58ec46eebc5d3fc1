import service from './ops.ts'

await service.run(() => import('./app.ts'))
