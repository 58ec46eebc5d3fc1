/** Drives the same greeter in three frameworks. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { startService } from './driver.ts'

/** Decorators are not JavaScript yet: the Nest application is compiled, as every Nest application is. */
function compile(files: readonly string[]): void {
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc')
  const target = ['--target', 'es2024', '--module', 'nodenext', '--rewriteRelativeImportExtensions']
  const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata']
  const args = ['--ignoreConfig', '--noCheck', ...target, ...decorators, '--outDir', 'built', ...files]
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...args], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
}

async function greets(file: string): Promise<void> {
  const service = await startService(file)
  const response = await fetch(`${service.app}/hello/ada`)
  assert.deepEqual(await response.json(), { hello: 'ada' })
  const traceId = response.headers.get('x-trace-id')
  const [own, completed] = [await service.line('greeting'), await service.line('request completed')]
  assert.deepEqual([own['trace_id'], completed['trace_id']], [traceId, traceId])

  const metrics = await (await fetch(`${service.ops}/metrics`)).text()
  assert.match(metrics, /^http_requests_total\{method="GET",route="\/hello\/:name",status="200"\} 1$/m)
  for (const path of ['livez', 'readyz', 'startupz', 'healthz', 'ops/config']) {
    assert.equal((await fetch(`${service.ops}/${path}`)).status, 200, path)
  }
  assert.equal(await service.stop(), 0)
}

const main = readFileSync('main.ts', 'utf8')
writeFileSync('main-express.ts', main.replace('./fastify.ts', './express.ts'))
writeFileSync('main-nestjs.ts', main.replace('./fastify.ts', './nestjs.ts'))
compile(['main-nestjs.ts', 'nestjs.ts', 'ops.ts'])
await Promise.all(['main.ts', 'main-express.ts', 'built/main-nestjs.js'].map(greets))
