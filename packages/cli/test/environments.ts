/** Environments for the tests of `ops config`: files, and a running service's ops port. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { loadConfig } from '@ops/config'
import { onTestFinished } from 'vitest'
import { scratchFolder } from './run-command.ts'
import { settings } from './settings.fixture.ts'

/** Text that must appear nowhere. */
export const CANARY = 'c4n4ry-5ecret-value'

/** A file of this text, removed when the test is over. */
export async function environmentFile(name: string, text: string): Promise<string> {
  const path = join(await scratchFolder(), name)
  await writeFile(path, text)
  return path
}

/** An ops port that answers as a service would that was started with these variables. */
export async function runningService(env: Readonly<Record<string, string>>, more: object = {}): Promise<string> {
  const config = await loadConfig(settings, { env })
  const body = { ...config.status(), settings: Object.keys(settings).map((name) => config.explain(name)), ...more }
  await config.close()
  return opsPort((response) => void response.end(JSON.stringify(body)))
}

/** Something that answers on a port of this machine. */
export async function opsPort(
  answer: (response: ServerResponse, headers: Readonly<Record<string, unknown>>) => void,
): Promise<string> {
  const server = createServer((request, response) => answer(response, request.headers)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
