/** A process that dies of an uncaught exception with a request in flight; its lifecycle flushes as a real one does. */
import { createContext, runInContext } from '@ops/core'
import { span, startTracing } from '@ops/tracing'
import { createEndingLifecycle } from './lifecycle.ts'

const { lifecycle, flushAtEnd } = createEndingLifecycle()
startTracing({ service: 'crashing', sample: { head: 0 }, export: { otlp: process.argv[2] }, lifecycle })

process.on('uncaughtException', async () => {
  await flushAtEnd()
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
