export { type OpsFastifyOptions, opsFastify } from './plugin.ts'
