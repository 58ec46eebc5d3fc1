/** A plain node:http service for the tests: options as JSON in argv, one JSON line on stdout per log record. */
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '@ops/core'
import { startOpsPort } from '@ops/ops-port'
import { createHealth, createLifecycle, type LifecycleOptions } from '../../src/index.ts'

interface ServiceOptions extends LifecycleOptions {
  /** Starts only when told to by SIGUSR2. */
  readonly slowStart?: boolean
  readonly hangFlush?: boolean
  readonly withoutLogger?: boolean
}

const say = (message: object) => writeSync(1, `${JSON.stringify(message)}\n`)
const line = (level: string) => (fields: object | string, message?: string) => {
  if (typeof fields === 'string') say({ level, message: fields })
  else say({ level, message, ...fields, ...('error' in fields ? { error: String(fields.error) } : {}) })
}
const logger: Logger = {
  debug: line('debug'),
  info: line('info'),
  warn: line('warn'),
  error: line('error'),
  fatal: line('fatal'),
  child: () => logger,
  isLevelEnabled: () => true,
}

const options = JSON.parse(process.argv[2] ?? '{}') as ServiceOptions
const health = createHealth({ wedgedAfterMs: 1000, logger })
const times = { propagationDelayMs: 100, idleLingerMs: 200 }
const lifecycle = createLifecycle({ health, ...times, ...(options.withoutLogger ? {} : { logger }), ...options })

/** Lines and spans that are written only when flushed, as real ones are. */
const buffered: object[] = []
lifecycle.onFlush('buffered', async () => {
  await new Promise((resolve) => setImmediate(resolve))
  for (const one of buffered.splice(0)) say(one)
})
if (options.hangFlush) lifecycle.onFlush('hangs', () => new Promise(() => {}))

function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Keeps the loop busy at `share`, in slices, for as long as the process lives. */
function keepBusy(share: number): void {
  block(20 * share)
  setTimeout(() => keepBusy(share), 20 * (1 - share))
}

function fail(): void {
  buffered.push({ message: 'unflushed line' }, { message: 'unflushed span' })
  setImmediate(() => {
    throw new Error('thrown')
  })
}

const actions: Record<string, (argument: number) => void> = {
  '/block': (ms) => void setImmediate(() => block(ms)),
  '/busy': (percent) => void setImmediate(() => keepBusy(percent / 100)),
  '/throw': fail,
  '/throw-twice': () => [fail(), setTimeout(fail, 50)],
  '/reject': () => {
    buffered.push({ message: 'unflushed line' }, { message: 'unflushed span' })
    void Promise.reject(new Error('rejected'))
  },
}

const server = createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://x')
  const answer = health.handle(pathname)
  if (answer !== undefined) return void res.writeHead(answer.status, answer.headers).end(answer.body)
  if (pathname === '/never') return say({ message: 'never' })
  actions[pathname]?.(Number(searchParams.get('of')))
  res.end('done')
})
lifecycle.http(server)

try {
  await lifecycle.phase('pool', () => lifecycle.onClose('pool', () => void say({ message: 'pool closed' })))
  if (options.slowStart) {
    await lifecycle.phase('slow', () => {
      say({ message: 'starting slowly' })
      // A signal listener alone does not keep a process alive; a connection that is being made does.
      const connecting = setInterval(() => {}, 1000)
      return new Promise<void>((resolve) => process.once('SIGUSR2', () => resolve(clearInterval(connecting))))
    })
  }
  await lifecycle.phase('listen', () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  const ops = await lifecycle.phase('ops port', () => startOpsPort({ port: 0, pages: [health.page()] }))
  await lifecycle.started()
  say({ ports: { app: (server.address() as AddressInfo).port, ops: ops.port } })
} catch (error) {
  say({ message: 'start ended', code: (error as { code?: string }).code })
}
