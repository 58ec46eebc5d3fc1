export { OPS, OpsModule, type OpsModuleOptions } from './module.ts'
