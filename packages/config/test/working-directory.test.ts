import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig, loadConfig, port, setting } from '@ops/config'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** A file of its own: a thread, as mutants are tested in, has no working directory to change. */
const before = process.cwd()
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ops-config-'))
  process.chdir(directory)
})
afterAll(async () => {
  process.chdir(before)
  await rm(directory, { recursive: true })
})

test('loadConfig() finds .env in the working directory when dotenv is true, and needs none', async () => {
  const settings = defineConfig({ PORT: setting(port().default(3000), 'Port of the API') })

  expect((await loadConfig(settings, { env: {}, dotenv: true })).current.PORT).toBe(3000)
  await writeFile('.env', 'PORT=8080\n')
  expect((await loadConfig(settings, { env: {}, dotenv: true })).current.PORT).toBe(8080)
})
