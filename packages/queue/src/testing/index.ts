export { checkLedger, type Ledger, type LedgerReport } from './ledger.ts'
export { createMemoryQueue, type MemoryQueue, type MemoryQueueOptions } from './memory-queue.ts'
