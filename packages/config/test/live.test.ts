/** The running example as a real process: a log level that follows an edit, and a password that rotates under load. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@ops/testing'
import { afterEach, expect, test } from 'vitest'
import { CANARY, expectNoCanary } from './canary.ts'
import { createVolume, useScratch } from './volumes.ts'

const scratch = useScratch()
const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** A database that knows passwords, and cuts off sessions whose password was revoked. */
async function startDatabase(password: string) {
  const allowed = new Set([password])
  const sessions = new Map<Socket, string>()
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('close', () => sessions.delete(socket))
    createInterface({ input: socket }).on('line', (line) => {
      if (line.startsWith('AUTH ') && allowed.has(line.slice(5))) {
        sessions.set(socket, line.slice(5))
        socket.write('OK\n')
      } else socket.write(sessions.has(socket) ? 'ROW 1\n' : 'ERROR refused\n')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const revoke = (old: string): void => {
    allowed.delete(old)
    for (const [socket, used] of sessions) if (used === old) socket.destroy()
  }
  stops.push(() => {
    for (const socket of sessions.keys()) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    allow: (next: string) => void allowed.add(next),
    revoke,
    users: () => [...sessions.values()],
  }
}

function startService(env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const script = fileURLToPath(new URL('../examples/live-service.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@ops/source', script], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'pipe',
  })
  stops.push(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)))
  return { child, output: () => output }
}

test('the example follows edits of its log level and rotates its password three times without a failed query', async () => {
  const passwordOf = (version: number): string => `${CANARY}-password-${version}`
  const database = await startDatabase(passwordOf(0))
  const volume = await createVolume(join(scratch.path, 'app'), { LOG_LEVEL: 'info', DB_PASSWORD: passwordOf(0) })
  const { child, output } = startService({ MOUNT: volume.path, DB_PORT: String(database.port) })
  await waitFor(() => output().includes('ready, level info\n'), { timeoutMs: 15_000 })

  await volume.swap({ LOG_LEVEL: 'debug', DB_PASSWORD: passwordOf(0) })
  await waitFor(() => output().includes('level debug\n'))

  for (let storm = 0; storm < 50; storm++) child.kill('SIGHUP')

  for (const version of [1, 2, 3]) {
    database.allow(passwordOf(version))
    await volume.swap({ LOG_LEVEL: 'debug', DB_PASSWORD: passwordOf(version) })
    await waitFor(() => output().split('password rotated').length === version + 1)
    await waitFor(() => output().split('overlap over').length === version + 1)
    await waitFor(() => database.users().every((used) => used === passwordOf(version)))
    database.revoke(passwordOf(version - 1))
    const seen = output().split('queries').length
    await waitFor(() => output().split('queries').length > seen + 1)
  }

  // A password the database does not know is vetoed by the pool: the service stays on the good one.
  await volume.swap({ LOG_LEVEL: 'warn', DB_PASSWORD: passwordOf(9) })
  const seen = output().split('queries').length
  await waitFor(() => output().split('queries').length > seen + 3)
  expect(output()).not.toContain('level warn')

  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect(output()).toMatch(/done, \d+ queries, 0 failed\n$/)
  expect(code).toBe(0)
  expectNoCanary(output())
}, 60_000)
