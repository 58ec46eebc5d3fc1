/** Drives the guide's clients against a real Cluster of three and a real Sentinel. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort, startRedisCluster, startRedisServer } from '@ops/testing'

/** What a program of the guide said last. */
async function lastLineOf(file: string, env: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const child = spawn(process.execPath, ['--conditions=@ops/source', file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
  return JSON.parse(lines.at(-1) ?? '{}')
}

async function showsCluster(): Promise<void> {
  const cluster = await startRedisCluster()
  try {
    const ports = cluster.addresses.map(({ port }) => port).join()
    assert.equal((await lastLineOf('cluster.ts', { CLUSTER_PORTS: ports }))['message'], 'done')
  } finally {
    await cluster.close()
  }
}

async function showsSentinel(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ops-sentinel-'))
  const master = await startRedisServer()
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor main 127.0.0.1 ${master.port} 1\n`)
  const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
  try {
    assert.equal((await lastLineOf('sentinel.ts', { SENTINEL_PORT: `${port}` }))['message'], 'the master')
  } finally {
    sentinel.kill('SIGKILL')
    await master.close()
    rmSync(folder, { recursive: true })
  }
}

await Promise.all([showsCluster(), showsSentinel()])
