/** Signals and crashes of real processes. */
import { spawnSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { type Service, startService, startServing } from './processes.ts'

const open: Service[] = []
afterEach(async () => {
  for (const { child } of open) child.kill('SIGKILL')
  await Promise.all(open.splice(0).map(({ ended }) => ended))
})

function start(options: object = {}): Service {
  const service = startService('basic', options)
  open.push(service)
  return service
}

async function serve(options: object = {}, wrapper: readonly string[] = []) {
  const service = await startServing('basic', options, wrapper)
  open.push(service)
  return service
}

const messages = (service: Service) => service.lines.map(({ message }) => message)

describe('a signal', () => {
  test('drains and ends with 0 when it is SIGTERM or SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const service = await serve()

      service.child.kill(signal)

      expect(await service.ended).toBe(0)
      expect(service.lines.at(-1)).toMatchObject({ reason: signal, code: 0, requests: { cut: 0 } })
      expect(messages(service)).toContain('pool closed')
    }
  })

  test('ends the start and closes what was opened when it comes before the start is over', async () => {
    const service = start({ slowStart: true })
    await service.said('starting slowly')

    service.child.kill('SIGTERM')
    await service.said('Draining')
    service.child.kill('SIGUSR2')

    expect(await service.ended).toBe(0)
    expect(messages(service)).toContain('pool closed')
    expect(service.lines.find(({ message }) => message === 'start ended')?.['code']).toBe('OPS_HEALTH_START_ABORTED')
    expect(service.lines.some(({ ports }) => ports !== undefined)).toBe(false)
  })

  test('ends the process at once when it comes a second time', async () => {
    const service = await serve()
    const never = fetch(`${service.app}/never`).catch(() => 'cut')
    await service.said('never')
    service.child.kill('SIGTERM')
    await service.said('Draining')

    const again = setInterval(() => service.child.kill('SIGTERM'), 20)
    const code = await service.ended
    clearInterval(again)

    expect(code).toBe(143)
    expect(await never).toBe('cut')
  })

  test('drains all the same when npm and the terminal deliver it twice at a time', async () => {
    const service = await serve()

    service.child.kill('SIGINT')
    service.child.kill('SIGINT')

    expect(await service.ended).toBe(0)
  })

  test('ends a process with PID 1 after its drain, as elsewhere', async () => {
    const wrapper = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child']
    // Where the kernel refuses namespaces the process has another PID, and the same must hold.
    const mayUnshare = spawnSync(wrapper[0] as string, [...wrapper.slice(1), 'true']).status === 0
    const service = await serve({}, mayUnshare ? [...wrapper, 'sh', '-c', 'exec "$@"', 'sh'] : [])

    const pid = mayUnshare ? childOf(service.child.pid as number) : (service.child.pid as number)
    process.kill(pid, 'SIGTERM')

    expect(await service.ended).toBe(0)
    expect(service.lines.at(-1)).toMatchObject({ reason: 'SIGTERM', code: 0 })
  })
})

describe('a crash', () => {
  test.each([
    ['/throw', 'uncaughtException', 'Error: thrown'],
    ['/reject', 'unhandledRejection', 'Error: rejected'],
  ])(
    'is logged first, then lines and spans not yet flushed arrive, and the code is 1: %s',
    async (path, kind, error) => {
      const service = await serve()

      await fetch(service.app + path).catch(() => {})

      expect(await service.ended).toBe(1)
      expect(messages(service).slice(-3)).toEqual(['Crashed', 'unflushed line', 'unflushed span'])
      expect(service.lines.at(-3)).toMatchObject({ level: 'fatal', kind, error })
    },
  )

  test('ends in time when a flush hangs', async () => {
    const service = await serve({ hangFlush: true, flushTimeoutMs: 200 })

    await fetch(`${service.app}/throw`).catch(() => {})

    expect(await service.ended).toBe(1)
    expect(messages(service)).toContain('unflushed line')
    expect(service.lines.at(-1)).toMatchObject({ name: 'flush hangs', outcome: 'cut' })
  })

  test('ends at once when a second error comes', async () => {
    const service = await serve({ hangFlush: true, flushTimeoutMs: 60_000 })

    await fetch(`${service.app}/throw-twice`).catch(() => {})

    expect(await service.ended).toBe(1)
    expect(messages(service).filter((message) => message === 'Crashed')).toHaveLength(1)
  })

  test('ends at once when SIGTERM comes meanwhile', async () => {
    const service = await serve({ hangFlush: true, flushTimeoutMs: 60_000 })
    await fetch(`${service.app}/throw`).catch(() => {})
    await service.said('Crashed')

    service.child.kill('SIGTERM')

    expect(await service.ended).toBe(143)
  })

  test('takes over the end when it happens during a drain', async () => {
    const service = await serve({ propagationDelayMs: 5000 })
    service.child.kill('SIGTERM')
    await service.said('Draining')

    await fetch(`${service.app}/throw`).catch(() => {})

    expect(await service.ended).toBe(1)
    expect(messages(service)).toContain('unflushed span')
  })

  test('goes to stderr when there is no logger', async () => {
    const service = await serve({ withoutLogger: true })

    await fetch(`${service.app}/throw`).catch(() => {})

    expect(await service.ended).toBe(1)
    expect(service.stderr()).toContain('Error: thrown\n    at ')
  })
})

function childOf(pid: number): number {
  return Number(
    spawnSync('pgrep', ['-P', String(pid)])
      .stdout.toString()
      .trim()
      .split('\n')[0],
  )
}
