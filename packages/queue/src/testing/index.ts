export { checkLedger, type Ledger, type LedgerReport } from './ledger.ts'
