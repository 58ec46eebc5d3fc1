import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'

type Line = Readonly<Record<string, unknown>> & { readonly context?: Readonly<Record<string, number>> }

const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

const SECRET = 'canary-4f9a-token'

function start(env: Readonly<Record<string, string>>) {
  const program = fileURLToPath(new URL('./programs/echo.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@ops/source', program], {
    env: { PATH: process.env['PATH'], PORT: '0', OPS_PORT: '0', DRAIN_DELAY_MS: '0', API_TOKEN: SECRET, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const lines: Line[] = []
  let stderr = ''
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { child, lines, exited, stderr: () => stderr }
}

async function startReady(env: Readonly<Record<string, string>> = {}) {
  const started = start(env)
  const listening = () => started.lines.find(({ message }) => message === 'listening')?.context
  await waitFor(() => listening() !== undefined, { timeoutMs: 15_000 })
  const { listening: port, opsPort } = listening() as Readonly<Record<string, number>>
  return { ...started, app: `http://127.0.0.1:${port}`, ops: `http://127.0.0.1:${opsPort}` }
}

describe('run()', () => {
  test('run() serves metrics, probes and operator pages on the ops port when the service has started', async () => {
    const { app, ops } = await startReady()
    await (await fetch(`${app}/echo/1`)).text()

    const pages = await Promise.all(
      ['/metrics', '/livez', '/readyz', '/ops/config', '/ops/loglevel'].map((path) => fetch(ops + path)),
    )
    const [metrics = '', , , config = ''] = await Promise.all(pages.map((page) => page.text()))

    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(metrics).toContain(
      'http_request_duration_seconds_count{feature="echo",method="GET",route="/echo",status_class="2xx"} 1',
    )
    expect(metrics).toContain('config_last_reload_successful 1')
    expect(config).toContain('API_TOKEN')
    expect(config).not.toContain(SECRET)
  })

  test('run() ends with 0 after a drain when SIGTERM comes', async () => {
    const { child, exited, lines } = await startReady()

    child.kill('SIGTERM')

    expect(await exited).toBe(0)
    expect(lines.map(({ message }) => message)).toContain('closed what was opened')
  })

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
})
