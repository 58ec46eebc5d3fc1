/** A plain node:http service for the tests: options as JSON in argv, one JSON line on stdout per log record. */
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '@ops/core'
import { startOpsPort } from '@ops/ops-port'
import { createHealth, createLifecycle, type LifecycleOptions } from '../../src/index.ts'

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

const options = JSON.parse(process.argv[2] ?? '{}') as LifecycleOptions
const health = createHealth({ wedgedAfterMs: 1000, logger })
const lifecycle = createLifecycle({ health, propagationDelayMs: 100, idleLingerMs: 200, logger, ...options })

function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const actions: Record<string, (argument: number) => void> = {
  '/block': block,
  '/throw': () =>
    setImmediate(() => {
      throw new Error('thrown')
    }),
  '/reject': () => void Promise.reject(new Error('rejected')),
}

const server = createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://x')
  const answer = health.handle(pathname)
  if (answer !== undefined) return void res.writeHead(answer.status, answer.headers).end(answer.body)
  actions[pathname]?.(Number(searchParams.get('ms')))
  let bytes = 0
  req.on('data', (chunk: Buffer) => (bytes += chunk.length))
  req.on('end', () => setTimeout(() => res.end(String(bytes)), Number(searchParams.get('wait') ?? 5)))
})
lifecycle.http(server)
server.listen(0, '127.0.0.1', async () => {
  const ops = await startOpsPort({ port: 0, pages: [health.page()] })
  await lifecycle.started()
  say({ ports: { app: (server.address() as AddressInfo).port, ops: ops.port } })
})
