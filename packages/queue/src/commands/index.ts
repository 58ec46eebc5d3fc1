export type { CommandContext } from './context.ts'
export { QUEUE_USAGE, runQueueCommand } from './run.ts'
