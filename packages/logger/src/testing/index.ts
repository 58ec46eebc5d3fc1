export { type CapturedLine, type CapturedLogs, captureLogs } from './capture-logs.ts'
export { expectNoLeaks } from './expect-no-leaks.ts'
