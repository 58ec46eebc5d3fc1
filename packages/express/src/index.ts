export { type OpsExpressOptions, opsExpress } from './middleware.ts'
