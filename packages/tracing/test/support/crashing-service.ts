/** A process that dies of an uncaught exception with a request in flight; its lifecycle flushes as a real one does. */
import { createContext, type Lifecycle, runInContext } from '@ops/core'
import { span, startTracing } from '@ops/tracing'

const flushes: (() => void | Promise<void>)[] = []
const lifecycle: Lifecycle = {
  draining: false,
  onDrain: () => {},
  onClose: () => {},
  onFlush: (_, flush) => void flushes.push(flush),
}
startTracing({ service: 'crashing', sample: { head: 0 }, export: { otlp: process.argv[2] }, lifecycle })

process.on('uncaughtException', async () => {
  await Promise.all(flushes.map((flush) => flush()))
  process.exit(70)
})

runInContext(createContext(), () =>
  span('request', () => {
    span('query', () => {})
    setImmediate(() => {
      throw new Error('out of nowhere')
    })
    return new Promise(() => {})
  }),
)
