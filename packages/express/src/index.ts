export { opsExpressLimit } from './limit.ts'
export { type OpsExpressOptions, opsExpress } from './middleware.ts'
