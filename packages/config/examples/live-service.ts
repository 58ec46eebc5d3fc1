/**
 * A service whose log level follows a mounted file and whose database password rotates without a failed query.
 * Run: MOUNT=/etc/app DB_PORT=5433 node --conditions=@ops/source examples/live-service.ts
 */
import { connect, type Socket } from 'node:net'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { type Config, defineConfig, loadConfig, oneOf, port, type Secret, secret, setting } from '@ops/config'
import { z } from 'zod'

const settings = defineConfig({
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error').default('info'), 'Logging verbosity', { reload: 'live' }),
  DB_PORT: setting(port(), 'Port of the database'),
  DB_PASSWORD: secret(z.string().min(8), 'Database password', { reload: 'live', overlap: '300ms' }),
})

/** A connection of a line protocol: each line sent has one line in answer. */
interface Connection {
  ask(line: string): Promise<string>
  close(): void
}

async function open(dbPort: number, password: Secret): Promise<Connection> {
  const socket: Socket = connect(dbPort, '127.0.0.1')
  const lines: Interface = createInterface({ input: socket })
  const waiting: ((line: string) => void)[] = []
  lines.on('line', (line) => waiting.shift()?.(line))
  const end = (): void => {
    for (const answer of waiting.splice(0)) answer('ERROR closed')
  }
  socket.on('close', end).on('error', end)
  const ask = (line: string): Promise<string> =>
    new Promise((resolve) => {
      waiting.push(resolve)
      socket.write(`${line}\n`)
    })
  const connection = { ask, close: () => socket.destroy() }
  if ((await ask(`AUTH ${password.reveal()}`)) === 'OK') return connection
  connection.close()
  throw new Error('Cannot connect to the database: it refused the password, expected it to be known there first')
}

/** Opens with the new password while the old connection serves, switches, and lets the old one go when the overlap ends. */
async function followPassword(config: Config<typeof settings>): Promise<() => Connection> {
  const { DB_PORT } = config.current
  let current = await open(DB_PORT, config.current.DB_PASSWORD)
  let next: Connection | undefined
  let old: Connection | undefined
  config.onChange(['DB_PASSWORD'], {
    async prepare({ trigger, after }) {
      if (trigger === 'reload') next = await open(DB_PORT, after.DB_PASSWORD)
    },
    commit() {
      if (next === undefined) return
      old = current
      current = next
      next = undefined
    },
    rollback() {
      next?.close()
      next = undefined
    },
    notify({ trigger }) {
      if (trigger === 'overlap-end') old?.close()
      console.log(trigger === 'overlap-end' ? 'overlap over' : 'password rotated')
    },
  })
  return () => current
}

const config = await loadConfig(settings, { mounts: [process.env['MOUNT'] ?? '/etc/app'], watch: true })
const database = await followPassword(config)
config.onChange(['LOG_LEVEL'], ({ after }) => console.log(`level ${after.LOG_LEVEL}`))

let isRunning = true
process.on('SIGTERM', () => {
  isRunning = false
})
console.log(`ready, level ${config.current.LOG_LEVEL}`)

let queries = 0
let failed = 0
while (isRunning) {
  const answer = await database().ask('SELECT 1')
  queries++
  if (answer !== 'ROW 1') failed++
  if (queries % 50 === 0) console.log(`queries ${queries}`)
  await wait(1)
}
await config.close()
database().close()
console.log(`done, ${queries} queries, ${failed} failed`)
