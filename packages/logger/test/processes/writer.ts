/** A process that writes 2,000 lines in one tick, or none, and ends in the way it is told to. */
import { createLogger } from '../../src/index.ts'

const [ending, mode] = process.argv.slice(2)
const logger = createLogger({ service: 'writer', ...(mode === 'batched' ? { batch: {} } : {}) })

const writeLate = () => {
  process.on('exit', () => logger.info('late'))
  process.exit(0)
}

const endings: Readonly<Record<string, () => void>> = {
  return: () => {},
  exit: () => process.exit(0),
  throw: () => {
    throw new Error('crash')
  },
  rejection: () => {
    void Promise.reject(new Error('crash'))
  },
  // Kept alive by a timer, as a service is by its sockets.
  SIGTERM: () => {
    setInterval(() => {}, 1000)
    process.kill(process.pid, 'SIGTERM')
  },
  SIGINT: () => {
    setInterval(() => {}, 1000)
    process.kill(process.pid, 'SIGINT')
  },
  handled: () => {
    process.on('SIGTERM', () => {
      logger.info('draining')
      process.exit(0)
    })
    setInterval(() => {}, 1000)
    process.kill(process.pid, 'SIGTERM')
  },
  'handled once': () => {
    setInterval(() => {}, 1000)
    process.kill(process.pid, 'SIGTERM')
  },
  'late line': writeLate,
  'late line, the first': writeLate,
}

if (ending === 'handled once') {
  process.once('SIGTERM', () => {
    setImmediate(() => {
      logger.info('drained')
      process.exit(0)
    })
  })
}

const lines = ending === 'late line, the first' ? 0 : 2000
for (let i = 0; i < lines; i++) logger.info({ i, filler: 'x'.repeat(100) }, 'line')
endings[ending as string]?.()
