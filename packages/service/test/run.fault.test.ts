import { once } from 'node:events'
import { createServer } from 'node:http'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { SECRET, start, startReady } from './started-process.ts'

describe('run()', () => {
  test('run() closes what was opened and exits 1 when the application fails to start', async () => {
    const { exited, lines } = start({ FAIL: 'yes' })

    expect(await exited).toBe(1)
    expect(lines.some(({ level }) => level === 'fatal')).toBe(true)
    expect(lines.map(({ message }) => message)).toContain('closed what was opened')
    expect(JSON.stringify(lines)).not.toContain(SECRET)
  })

  test('run() names every bad setting at once and exits 1 when the configuration is invalid', async () => {
    const { exited, stderr } = start({ OPS_PORT: '99999', LOG_LEVEL: 'loud', API_TOKEN: 'short' })

    expect(await exited).toBe(1)
    expect(stderr()).toMatch(/^Cannot start echo: /)
    for (const name of ['OPS_PORT', 'LOG_LEVEL', 'API_TOKEN']) expect(stderr()).toContain(name)
    expect(stderr()).not.toContain('    at ')
  })

  test('run() exits 1 when the ops port is taken', async () => {
    const { ops } = await startReady()

    const second = start({ OPS_PORT: new URL(ops).port })

    expect(await second.exited).toBe(1)
  })

  test('PUT /ops/loglevel changes the level when the body is right and says what is wrong when not', async () => {
    const { ops, lines } = await startReady()
    const put = (body: string) => fetch(`${ops}/ops/loglevel`, { method: 'PUT', body })

    const refused = await Promise.all(
      ['', 'null', '{"level":"loud","by":"ann"}', '{"level":"debug"}', '{"level":"debug","by":"a","ttl":"soon"}'].map(
        put,
      ),
    )
    const taken = await put('{"level":"debug","by":"ann","ttl":"10m"}')
    await waitFor(() => lines.some(({ message }) => message === 'log level changed'))

    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400])
    expect(await taken.json()).toMatchObject({ level: 'debug', by: 'ann', ttlMs: 600_000 })
  })

  test('run() keeps serving probes off the main thread when the collector of traces is unreachable', async () => {
    const { app, ops, lines } = await startReady({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      TRACE_SAMPLE_RATIO: '1',
    })

    const answers = await Promise.all([`${app}/echo`, `${ops}/livez`, `${ops}/readyz`].map((url) => fetch(url)))

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(lines.some(({ level }) => level === 'fatal')).toBe(false)
  })

  test('run() delivers lines and spans that were held back when the process crashes', async () => {
    const bodies: string[] = []
    const collector = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk
      })
      request.on('end', () => {
        bodies.push(body)
        response.end('{}')
      })
    }).listen(0, '127.0.0.1')
    await once(collector, 'listening')
    const { port } = collector.address() as { port: number }
    const { app, exited, lines } = await startReady({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      TRACE_SAMPLE_RATIO: '1',
    })

    const response = await fetch(`${app}/crash`).catch(() => undefined)
    const code = await exited
    collector.closeAllConnections()
    collector.close()
    await once(collector, 'close')

    expect(code).toBe(1)
    expect(response?.status).toBe(200)
    const line = lines.find(({ message }) => message === 'request completed')
    expect(line).toBeDefined()
    expect(lines.some(({ level }) => level === 'fatal')).toBe(true)
    expect(bodies.join('')).toContain(String(line?.['trace_id']))
  })
})
