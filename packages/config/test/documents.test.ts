import { writeFile } from 'node:fs/promises'
import {
  compareEnvironments,
  configRegistry,
  defineConfig,
  duration,
  envExample,
  group,
  int,
  jsonSchema,
  list,
  loadConfig,
  oneOf,
  port,
  secret,
  setting,
  url,
} from '@ops/config'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CANARY, expectNoCanary } from './canary.ts'
import { useScratch } from './volumes.ts'

const settings = defineConfig({
  DATABASE_URL: secret(
    url({ protocols: ['postgres:'] }).default(`postgres://app:${CANARY}@db/app`),
    'PostgreSQL connection string',
  ),
  SECRET_KEY: secret(z.string().min(32), 'Key that signs sessions', { reload: 'live', overlap: '1h' }),
  S3_BUCKET: setting(z.string().min(3), 'Bucket for uploads', { placeholder: 'my-bucket # or so' }),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error').default('info'), 'Logging verbosity', { reload: 'live' }),
  WORKER_CONCURRENCY: setting(int({ min: 1, max: 500 }).default(4), 'Concurrent background workers', {
    varies: 'capacity',
  }),
  TIMEOUT: setting(duration().prefault('30s'), 'Longest request | per call'),
  ORIGINS: setting(list({ item: url() }).optional(), 'Allowed origins'),
  ...group('server', { PORT: setting(port(), 'Port') }),
})
const scratch = useScratch()

describe('envExample()', () => {
  test('envExample() has every name with a description, a rule and a placeholder, and no secret default', () => {
    const text = envExample(settings)

    expect(text).toBe(`# Generated from the declared settings; do not edit.

# PostgreSQL connection string (optional, secret, restart)
# Expected: a URL postgres://host
# DATABASE_URL=

# Key that signs sessions (required, secret, live)
# Expected: text of at least 32 characters
SECRET_KEY=

# Bucket for uploads (required, restart)
# Expected: text of at least 3 characters
S3_BUCKET="my-bucket # or so"

# Logging verbosity (optional, live)
# Expected: one of debug, info, warn, error
# LOG_LEVEL=info

# Concurrent background workers (optional, restart)
# Expected: a whole number from 1 to 500
# WORKER_CONCURRENCY=4

# Longest request | per call (optional, restart)
# Expected: a duration with units such as 30s or 1h30m
# TIMEOUT=30s

# Allowed origins (optional, restart)
# Expected: 1 to 1000 items separated by ",", each a URL https://host or http://host
# ORIGINS=https://example.invalid

# Port (required, restart)
# Expected: a port from 1 to 65535
PORT=1
`)
    expectNoCanary(text)
  })

  test('envExample() loads as .env once its secrets are filled in', async () => {
    const text = envExample(settings)
      .replace('SECRET_KEY=', `SECRET_KEY=${CANARY.repeat(3)}`)
      .replaceAll(/^# (?=[A-Z_]+=.)/gm, '')
    const path = await scratch.file('.env', text)

    const config = await loadConfig(settings, { env: {}, dotenv: path })

    expect(config.current).toMatchObject({
      S3_BUCKET: 'my-bucket # or so',
      TIMEOUT: 30_000,
      ORIGINS: ['https://example.invalid'],
    })
  })
})

describe('configRegistry()', () => {
  test('configRegistry() has every fact of every setting as data', () => {
    const { entries } = configRegistry(settings)

    expect(entries).toHaveLength(8)
    expect(entries[0]).toEqual({
      name: 'DATABASE_URL',
      type: 'url',
      unit: undefined,
      default: undefined,
      required: false,
      description: 'PostgreSQL connection string',
      allowed: 'a URL postgres://host',
      sensitive: true,
      reload: 'restart',
      group: undefined,
    })
    expect(entries[3]).toMatchObject({ allowed: ['debug', 'info', 'warn', 'error'], default: 'info', reload: 'live' })
    expect(entries[5]).toMatchObject({ type: 'duration', unit: 'milliseconds', default: '30s', required: false })
    expect(entries[7]).toMatchObject({ name: 'PORT', group: 'server', required: true })
    expectNoCanary(JSON.stringify(entries))
  })

  test('configRegistry() says what schemas of zod itself allow', () => {
    const rules = configRegistry(
      defineConfig({
        ANY: setting(z.string().optional(), 'x'),
        SHORT: setting(z.string().min(1).max(9), 'x'),
        PICK: setting(z.enum(['a', 'b']), 'x'),
        DATE: setting(z.date(), 'x'),
      }),
    ).entries.map(({ allowed }) => allowed)

    expect(rules).toEqual([
      'text',
      'text of at least 1 and at most 9 characters',
      'one of a, b',
      'a value that fits its schema',
    ])
  })

  test('configRegistry() prints a Markdown table with one row a setting', () => {
    const rows = configRegistry(settings).toMarkdown().trimEnd().split('\n')

    expect(rows).toHaveLength(10)
    expect(rows[0]).toBe('| Name | Type | Unit | Default | Required | Description | Allowed | Sensitive | Reload |')
    expect(rows[5]).toBe(
      '| `LOG_LEVEL` | enum |  | `info` | no | Logging verbosity | `debug`, `info`, `warn`, `error` | no | live |',
    )
    expect(rows[7]).toContain('Longest request \\| per call')
    expectNoCanary(rows.join())
  })
})

describe('jsonSchema()', () => {
  test('jsonSchema() describes the files, and marks secrets write-only', () => {
    const schema = jsonSchema(settings)

    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: {
        DATABASE_URL: { type: 'string', format: 'uri', writeOnly: true },
        SECRET_KEY: { type: 'string', minLength: 32, writeOnly: true },
        LOG_LEVEL: { enum: ['debug', 'info', 'warn', 'error'], default: 'info' },
        WORKER_CONCURRENCY: { type: 'integer', minimum: 1, maximum: 500, default: 4 },
        TIMEOUT: { type: 'string', default: '30s' },
        ORIGINS: { type: 'array', items: { type: 'string', format: 'uri' } },
      },
    })
    expectNoCanary(JSON.stringify(schema))
  })
})

describe('compareEnvironments()', () => {
  test('compareEnvironments() tells drift from what may differ, and shows no secret', async () => {
    const base = { SECRET_KEY: CANARY.repeat(3), S3_BUCKET: 'orders', PORT: '80', ORIGINS: 'https://a.example' }
    const other = {
      S3_BUCKET: 'orders',
      PORT: '80',
      WORKER_CONCURRENCY: '8',
      LOG_LEVEL: 'debug',
      ORIGINS: 'https://b.example',
    }

    const report = await compareEnvironments(settings, { env: base }, { env: other })

    expect(report).toEqual({
      holds: false,
      problems: [],
      differences: [
        { key: 'SECRET_KEY', allowed: 'secret', a: '[secret]', b: undefined },
        { key: 'LOG_LEVEL', allowed: undefined, a: 'info', b: 'debug' },
        { key: 'WORKER_CONCURRENCY', allowed: 'capacity', a: '4', b: '8' },
        { key: 'ORIGINS', allowed: 'endpoint', a: 'https://a.example', b: 'https://b.example' },
      ],
    })
    expect(
      (await compareEnvironments(settings, { env: base }, { env: { ...base, WORKER_CONCURRENCY: '9' } })).holds,
    ).toBe(true)
    expect((await compareEnvironments(settings, { env: base }, { env: { ...base, PORT: 'x' } })).problems).toHaveLength(
      1,
    )
    expectNoCanary(JSON.stringify(report))
  })
})

describe('defineConfig()', () => {
  test.each([
    [() => defineConfig({ lower: setting(int(), 'x') }), 'Cannot define "lower": expected a name of A-Z, 0-9 and _'],
    [() => defineConfig({ __proto__x: setting(int(), 'x') }), 'expected a name'],
    [
      () => defineConfig({ A: int() as never }),
      'Cannot define A: expected setting(…), secret(…) or group(…) spread into the object',
    ],
    [
      () => defineConfig({ A: setting(int(), 'x'), A_FILE: setting(int(), 'x') }),
      'Cannot define A_FILE: it is how a file for A is named, expected another name',
    ],
    [() => setting(int(), ' '), 'Cannot define setting: description is missing, expected one line of text'],
    [() => setting(int(), 'two\nlines'), 'Cannot define setting: description is missing, expected one line of text'],
    [() => setting({} as never, 'x'), 'Cannot define setting: no schema, expected a zod 4 schema'],
    [
      () => setting(int(), 'x', { reload: 'hot' as 'live' }),
      `Cannot define setting: reload "hot", expected 'live' or 'restart'`,
    ],
    [() => group('', {}), 'Cannot define group: name is empty, expected text'],
  ])('defineConfig() throws a TypeError for a wrong declaration (%#)', (define, message) => {
    expect(define).toThrow(TypeError)
    expect(define).toThrow(message)
  })

  test('defineConfig() reads nothing and freezes what it returns', async () => {
    process.env['PORT'] = 'not a port'
    const declared = defineConfig({ PORT: setting(port().default(1), 'Port') })
    delete process.env['PORT']

    expect(Object.isFrozen(declared)).toBe(true)
    expect((await loadConfig(declared, { env: {} })).current.PORT).toBe(1)
  })
})

describe('loadConfig() with zod schemas of the application', () => {
  test('loadConfig() takes values that JSON cannot hold', async () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const declared = defineConfig({
      BIG: setting(z.string().transform(BigInt).default(7n), 'A bigint'),
      CYCLE: setting(z.any().default(cycle), 'A cycle'),
      HIDDEN: secret(z.string().transform(BigInt).default(123456789n), 'A secret bigint'),
      NESTED: secret(z.any().default({ cycle, list: [{ key: CANARY }] }), 'A secret with a cycle'),
    })

    const config = await loadConfig(declared, { env: { BIG: '12345678901234567890' } })

    expect(config.current.BIG).toBe(12345678901234567890n)
    expect(config.current.HIDDEN.equals('123456789')).toBe(true)
    expect(config.secrets.values()).toEqual(expect.arrayContaining(['123456789', CANARY]))
    expect(config.status().hash).toMatch(/^[0-9a-f]{16}$/)
    expect((await config.reload()).result).toBe('unchanged')
    expect(configRegistry(declared).entries[0]?.default).toBe('7')
  })

  test('loadConfig() takes async refinements, transforms and objects, and survives what they throw', async () => {
    const declared = defineConfig({
      SLOW: setting(
        z
          .string()
          .refine(async (text) => text !== 'bad', { error: (issue) => `not ${issue.input}` })
          .default('ok'),
        'Async',
      ),
      UPPER: setting(
        z
          .string()
          .transform((text) => text.toUpperCase())
          .default('X'),
        'Transform',
      ),
      THROWS: setting(
        z
          .string()
          .transform((text): string => {
            throw new Error(text)
          })
          .optional(),
        'Throws',
      ),
      LIMITS: setting(z.object({ read: z.number().int(), write: z.number() }).optional(), 'Limits'),
      HIDDEN: secret(
        z
          .string()
          .refine(() => false, { error: (issue) => `bad ${issue.input}` })
          .optional(),
        'Refused',
      ),
      LONG: secret(z.string().min(40).optional(), 'Long'),
    })
    const file = await scratch.file('app.yaml', 'LIMITS: { read: 1, write: 2 }\n')
    const config = await loadConfig(declared, { env: { UPPER: 'abc' }, files: [file] })
    expect(config.current).toMatchObject({ UPPER: 'ABC', LIMITS: { read: 1, write: 2 }, SLOW: 'ok' })
    expect(Object.isFrozen(config.current.LIMITS)).toBe(true)

    await writeFile(file, `LIMITS: { read: 1.5, write: "${CANARY}" }\n`)
    const failure = (await loadConfig(declared, {
      env: { SLOW: 'bad', THROWS: CANARY, HIDDEN: CANARY, LONG: CANARY },
      files: [file],
    }).catch((error: Error) => error)) as Error

    expect(failure.message.split('\n').slice(1)).toEqual([
      '  SLOW: text of 3 characters, expected what its schema allows (at environment)',
      '  THROWS: text of 18 characters, expected a value its schema takes without throwing (at environment)',
      `  LIMITS: a map, expected int at read, expected number at write (at ${file}:1:1)`,
      '  HIDDEN: text of 18 characters, expected what its schema allows (at environment)',
      '  LONG: text of 18 characters, expected at least 40 characters (at environment)',
    ])
    expectNoCanary(failure.message, String(failure.stack), JSON.stringify(failure))
  })
})
