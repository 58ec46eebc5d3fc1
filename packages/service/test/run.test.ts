import { describe, expect, test } from 'vitest'
import { SECRET, startReady } from './started-process.ts'

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

  test('run() resolves to the service, ready, when it is given no application', async () => {
    const { child, exited, lines } = await startReady({}, 'adopted')

    child.kill('SIGTERM')

    expect(await exited).toBe(0)
    expect(lines.find(({ message }) => message === 'listening')?.context).toMatchObject({ ready: 200, same: 1 })
    expect(lines.map(({ message }) => message)).toContain('closed what was opened')
  })

  test('run() ends with 0 after a drain when SIGTERM comes', async () => {
    const { child, exited, lines } = await startReady()

    child.kill('SIGTERM')

    expect(await exited).toBe(0)
    expect(lines.map(({ message }) => message)).toContain('closed what was opened')
  })
})
