/** The context holds through all that carries work, on the oldest Node we support, the one in use and the next. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createSpanId } from '@ops/core'
import { type LocalPostgres, startPostgres } from '@ops-examples/local'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { nodeFolderOf } from '../../scripts/environment/node.mjs'

const program = fileURLToPath(new URL('./services/context-carriers.ts', import.meta.url))
/** How the program is run: Node 22.15 takes TypeScript only when told to. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  '22.15.0': ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'],
  24: [],
  26: [],
}

let postgres: LocalPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

test.each(Object.keys(FLAGS))(
  'currentContext() is the unit that started the work, through every carrier, on Node %s',
  async (version) => {
    const env = {
      PATH: process.env['PATH'],
      DATABASE_URL: postgres.url,
      REDIS_URL: inject('redisUrl'),
      QUEUE: `context-${createSpanId()}`,
    }
    const node = `${nodeFolderOf(version)}/node`

    const run = promisify(execFile)(node, [...(FLAGS[version] ?? []), '--conditions=@ops/source', program], { env })
    const report = JSON.parse((await run).stdout) as Readonly<Record<string, unknown>>

    expect(report).toEqual({ node: expect.stringMatching(new RegExp(`^${version}`)), carriers: 39, failures: {} })
  },
  120_000,
)
