export { MainThreadError, OpsPortStartError } from './errors.ts'
export type { OpsPortOptions } from './options.ts'
export type { CreatePage, MainThread, OpsHandler, OpsPage, OpsRequest, OpsResponse } from './page.ts'
export { type OpsPort, startOpsPort } from './start-ops-port.ts'
