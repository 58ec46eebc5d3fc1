import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  bool,
  bytes,
  type ConfigInvalidError,
  defineConfig,
  duration,
  int,
  list,
  loadConfig,
  oneOf,
  port,
  type Secret,
  secret,
  setting,
  url,
} from '@ops/config'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const CANARY = 'canary-5ecret-9f3b'

const settings = defineConfig({
  DATABASE_URL: secret(url({ protocols: ['postgres:', 'postgresql:'] }), 'PostgreSQL connection string'),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error').default('info'), 'Logging verbosity', { reload: 'live' }),
  WORKER_CONCURRENCY: setting(int({ min: 1, max: 500 }).default(4), 'Concurrent background workers'),
  PORT: setting(port().default(3000), 'Port of the API'),
  REQUEST_TIMEOUT: setting(duration().default(30_000), 'Longest request'),
  MAX_UPLOAD: setting(bytes().default(10 * 2 ** 20), 'Largest upload'),
  ENABLE_FLAGS: setting(bool().default(false), 'Feature flags'),
  CORS_ORIGINS: setting(list({ item: url() }).optional(), 'Allowed origins'),
  S3_BUCKET: setting(z.string().min(3).optional(), 'Bucket for uploads'),
})
const DATABASE_URL = `postgres://app:${CANARY}@db.internal/app`

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ops-config-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function problemsOf(load: Promise<unknown>): Promise<ConfigInvalidError> {
  return load.then(
    () => expect.unreachable('expected the configuration to be refused'),
    (error: ConfigInvalidError) => error,
  )
}

describe('loadConfig()', () => {
  test('loadConfig() gives typed, frozen values when only the environment is read', async () => {
    const config = await loadConfig(settings, {
      env: { DATABASE_URL, WORKER_CONCURRENCY: '8', CORS_ORIGINS: 'https://a.example, https://b.example' },
    })

    const concurrency: number = config.current.WORKER_CONCURRENCY
    expect(concurrency).toBe(8)
    expect(config.current.LOG_LEVEL).toBe('info')
    expect(config.current.REQUEST_TIMEOUT).toBe(30_000)
    expect(config.current.CORS_ORIGINS).toEqual(['https://a.example', 'https://b.example'])
    expect(config.current.S3_BUCKET).toBeUndefined()
    expect(config.current.DATABASE_URL.reveal()).toBe(DATABASE_URL)
    expect(Object.isFrozen(config.current)).toBe(true)
    expect(Object.isFrozen(config.current.CORS_ORIGINS)).toBe(true)
    expect(config.secrets.values()).toContain(DATABASE_URL)
    expect(config.secrets.values()).toContain(CANARY)
  })

  test('loadConfig() lists every problem with its rule and place when several keys are wrong', async () => {
    const file = join(directory, 'app.yaml')
    await writeFile(file, 'PORT: 70000\nWORKER_CONCURRENCY: "4"\nLOG_LEVLE: debug\nENABLE_FLAGS: no\n')

    const error = await problemsOf(
      loadConfig(settings, { files: [file], env: { MAX_UPLOAD: '10', APP_DATABASE_URL: DATABASE_URL } }),
    )

    expect(error.code).toBe('OPS_CONFIG_INVALID')
    expect(error.message.split('\n')).toEqual([
      'Cannot load configuration: 6 problems, expected none',
      `  LOG_LEVLE: is no declared setting, expected a declared name (did you mean LOG_LEVEL?) (at ${file}:3:1)`,
      '  DATABASE_URL: is missing, expected a URL postgres://host or postgresql://host (APP_DATABASE_URL is set: did you mean DATABASE_URL?)',
      `  WORKER_CONCURRENCY: text of 1 character, expected a whole number from 1 to 500 (at ${file}:2:1)`,
      `  PORT: a number, expected a port from 1 to 65535 (at ${file}:1:1)`,
      '  MAX_UPLOAD: text of 2 characters, expected an amount of data with its unit such as 10MiB or 10MB (at environment)',
      `  ENABLE_FLAGS: text of 2 characters, expected true or false (1/0, yes/no, on/off) (at ${file}:4:1)`,
    ])
    expect(error.message).not.toContain(CANARY)
  })

  test('loadConfig() lets the higher layer win when several set a key', async () => {
    const base = join(directory, 'base.yaml')
    const toml = join(directory, 'production.toml')
    const dotenv = join(directory, '.env')
    const named = join(directory, 'level')
    const mount = join(directory, 'mount')
    await import('node:fs/promises').then(({ mkdir }) => mkdir(mount))
    await writeFile(base, 'LOG_LEVEL: debug\nPORT: 1\nMAX_UPLOAD: 1MB\nS3_BUCKET: base\n')
    await writeFile(toml, 'PORT = 2\nMAX_UPLOAD = "2MB"\n')
    await writeFile(join(mount, 'MAX_UPLOAD'), '3MB\n')
    await writeFile(join(mount, 'WORKER_CONCURRENCY'), '3\n')
    await writeFile(dotenv, 'WORKER_CONCURRENCY=5 # five\n')
    await writeFile(named, 'warn\n')

    const config = await loadConfig(settings, {
      files: [base, toml],
      mounts: [mount],
      dotenv,
      env: { DATABASE_URL, LOG_LEVEL_FILE: named, PORT: '' },
    })

    expect(config.current).toMatchObject({
      LOG_LEVEL: 'warn',
      PORT: 2,
      MAX_UPLOAD: 3e6,
      WORKER_CONCURRENCY: 5,
      S3_BUCKET: 'base',
    })
    expect(config.explain('LOG_LEVEL')).toMatchObject({
      layer: 'environment',
      origin: 'environment LOG_LEVEL_FILE',
      value: 'warn',
      shadowed: [{ layer: 'file', origin: `${base}:1:1` }],
    })
    expect(config.explain('DATABASE_URL').value).toBe('[secret]')
    expect(config.status()).toMatchObject({ generation: 1, pendingRestart: [], overrides: [], watching: false })
  })

  test('loadConfig() infers the types of values from their schemas', async () => {
    const { current } = await loadConfig(settings, { env: { DATABASE_URL } })

    expectTypeOf(current.DATABASE_URL).toEqualTypeOf<Secret<string>>()
    expectTypeOf(current.LOG_LEVEL).toEqualTypeOf<'debug' | 'info' | 'warn' | 'error'>()
    expectTypeOf(current.REQUEST_TIMEOUT).toEqualTypeOf<number>()
    expectTypeOf(current.CORS_ORIGINS).toEqualTypeOf<readonly string[] | undefined>()
    expectTypeOf(current.S3_BUCKET).toEqualTypeOf<string | undefined>()
    // @ts-expect-error nothing undeclared can be read
    expect(current.NOVEL).toBeUndefined()
  })
})
