import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startCollector } from './support/collector.ts'

test('the trace of the request in flight arrives when the process dies of an uncaught exception', async () => {
  const collector = await startCollector()
  const script = fileURLToPath(new URL('./support/crashing-service.ts', import.meta.url))

  const child = spawn(process.execPath, ['--conditions=@ops/source', script, collector.endpoint], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')

  expect(code).toBe(70)
  expect(collector.spans.map((span) => span.name).toSorted()).toEqual(['query', 'request'])
  const request = collector.spans.find((span) => span.name === 'request')
  expect(request?.attributes).toContainEqual({ key: 'ops.unfinished', value: { boolValue: true } })
})

test('a process ends by itself when tracing runs and nothing else does', async () => {
  const collector = await startCollector()
  const code = `import { span, startTracing } from '@ops/tracing'
    startTracing({ service: 'short', export: { otlp: '${collector.endpoint}' } })
    span('work', () => {})`

  const child = spawn(process.execPath, ['--conditions=@ops/source', '--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: 'inherit',
  })
  const [exitCode] = await once(child, 'exit')

  expect(exitCode).toBe(0)
})
