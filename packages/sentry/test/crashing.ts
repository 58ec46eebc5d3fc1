/** Run as a process of its own: dies of what CRASH says, after the flushes a lifecycle runs. */
import { startSentry } from '../src/index.ts'

const flushes: (() => void | Promise<void>)[] = []
const lifecycle = {
  draining: false,
  onDrain: () => {},
  onClose: () => {},
  onFlush: (_name: string, flush: () => void | Promise<void>) => void flushes.push(flush),
}
await startSentry({ dsn: process.env['DSN'], service: 'crashing', version: '1', env: 'test', lifecycle })
process.on('uncaughtException', async () => {
  await Promise.all(flushes.map((flush) => flush()))
  process.exit(70)
})

class FatalFault extends Error {
  override readonly name = 'FatalFault'
}
if (process.env['CRASH'] === 'throw')
  setImmediate(() => {
    throw new FatalFault('thrown')
  })
else void Promise.reject(new FatalFault('rejected'))
