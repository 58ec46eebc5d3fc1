/** What each service under test does around its framework: probes on the ops port, and a lifecycle with short times. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHealth, createLifecycle } from '@ops/health'
import { startOpsPort } from '@ops/ops-port'

const health = createHealth()

/** What an adapter of @ops needs of a service. */
export const service = { ops: { health } }

/** Serves until it is told to stop. */
export async function serve(
  server: Server,
  listen: () => Promise<unknown>,
  close?: () => Promise<unknown>,
): Promise<void> {
  const lifecycle = createLifecycle({ health, propagationDelayMs: 250, idleLingerMs: 250, deadlineMs: 5000 })
  lifecycle.http(server)
  if (close !== undefined) lifecycle.onClose('framework', async () => void (await close()))
  await lifecycle.phase('listen', listen)
  const ops = await lifecycle.phase('ops port', () => startOpsPort({ port: 0, pages: [health.page()] }))
  lifecycle.onClose('ops port', () => ops.close())
  await lifecycle.started()
  process.stdout.write(
    `${JSON.stringify({ ports: { app: (server.address() as AddressInfo).port, ready: ops.port } })}\n`,
  )
}
