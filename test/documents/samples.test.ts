/** Every sample of every README and guide is checked by the compiler and run, and prints what it says. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLocalRedis } from '../../scripts/local-redis.mjs'
import { root } from '../architecture/repository.ts'
import { documents, extract, extracted, patternOf } from './samples.ts'

/** A secret that no sample may print. */
const CANARY = 'canary-4f9a'
const RUN_LIMIT_MS = 60_000
/** With the wait for a place. */
const LIMIT_MS = 300_000
/** Their limits (200 ms for an answer of Redis) may pass on a machine that is overrun; what is wrong stays wrong. */
const TRIED = { timeout: LIMIT_MS, retry: 2 }
const run = promisify(execFile)
const coverage = mkdtempSync(join(tmpdir(), 'ops-samples-'))
let redis: { url: string; stop: () => Promise<void> }

beforeAll(async () => {
  redis = await startLocalRedis()
  extract(redis.url)
})

afterAll(async () => {
  await redis.stop()
  rmSync(coverage, { recursive: true })
})

/** As many at once as there are processors: samples have time limits of production, which a crowd would break. */
const places = availableParallelism()
let running = 0
const waiting: (() => void)[] = []

async function inPlace<T>(work: () => Promise<T>): Promise<T> {
  if (running >= places) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  try {
    return await work()
  } finally {
    running--
    waiting.shift()?.()
  }
}

/** Runs a file to its end with the least a service needs, and notes which files ran where that is asked. */
function start(file: string, cwd: string, isObserved: boolean) {
  const env = {
    ...(isObserved && { NODE_V8_COVERAGE: coverage }),
    PATH: process.env['PATH'],
    NODE_NO_WARNINGS: '1',
    DATABASE_URL: `postgres://app:${CANARY}@127.0.0.1:1/app`,
    REDIS_URL: redis.url,
    PORT: '0',
    OPS_PORT: '0',
  }
  return inPlace(() => run(process.execPath, ['--conditions=@ops/source', file], { cwd, env, timeout: RUN_LIMIT_MS }))
}

test('the compiler finds nothing wrong with any sample', { timeout: LIMIT_MS }, async () => {
  const args = ['--conditions=@ops/source', join(root, 'node_modules', 'typescript', 'bin', 'tsc')]

  const { stdout } = await run(process.execPath, [
    ...args,
    '-p',
    join(root, 'docs', 'samples', 'tsconfig.tmp.json'),
  ]).catch(({ stdout }: { stdout: string }) => ({ stdout }))

  // What is wrong with a package itself is the typecheck gate's to say.
  expect(stdout.split('\n').filter((line) => line.startsWith('docs'))).toEqual([])
})

describe.concurrent.each(documents.filter(({ programs }) => programs.length > 0))(
  '$document',
  ({ name, programs, files }) => {
    const cwd = join(extracted, name)

    test.each(programs)(`${name}/$file prints what it says when it is run`, TRIED, async (sample) => {
      const { stdout, stderr } = await start(join(cwd, sample.file), cwd, files.length > 0)

      expect(stderr).toBe('')
      expect(stdout).toMatch(patternOf(sample.prints))
      expect(stdout).not.toContain(CANARY)
    })
  },
)

describe.concurrent('projects', () => {
  const driven = documents.filter(({ driver }) => driver !== undefined)

  test.each(driven)('the project of $document does what the document says', TRIED, async ({ name, driver }) => {
    const { stdout, stderr } = await start(join(root, driver as string), join(extracted, name), true)

    expect(stdout + stderr).toBe('')
  })
})

test('every file of a project was run', () => {
  const urls = readdirSync(coverage).flatMap((file) => scriptsIn(join(coverage, file)))
  const all = documents.flatMap(({ name, files }) => files.map(({ file }) => join(extracted, name, file)))

  expect(all.filter((file) => !urls.includes(pathToFileURL(file).href) && !urls.includes(compiledOf(file)))).toEqual([])
})

/** A file with decorators runs as what its driver compiled. */
function compiledOf(file: string): string {
  return pathToFileURL(join(dirname(file), 'built', basename(file, '.ts').concat('.js'))).href
}

function scriptsIn(file: string): readonly string[] {
  const { result } = JSON.parse(readFileSync(file, 'utf8')) as { result: readonly { url: string }[] }
  return result.map(({ url }) => url)
}
