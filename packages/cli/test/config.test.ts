import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { CANARY, environmentFile, opsPort, runningService } from './environments.ts'
import { type Ran, runWith, scratchFolder } from './run-command.ts'
import { settings } from './settings.fixture.ts'

const SERVICE = fileURLToPath(new URL('./settings.fixture.ts', import.meta.url))
const SECRETS = `API_KEY=${CANARY}\nDATABASE_URL=postgres://reader:${CANARY}@db/reader\n`
const GOOD = { API_KEY: CANARY, DATABASE_URL: `postgres://reader:${CANARY}@db/x`, UPSTREAM: 'https://a.example' }

/** Runs `ops config …` for the fixture, and holds every answer to its secrets. */
async function config(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const ran = await runWith({ env }, 'config', ...words, '--service', SERVICE)
  expect(ran.out + ran.err).not.toContain(CANARY)
  return ran
}

describe('ops config show', () => {
  test('ops config show says of every setting what it is here and where that comes from', async () => {
    const base = await environmentFile('base.yaml', 'MODE: lenient\nWORKERS: 8\n')

    const { code, out } = await config(['show', '--file', base], { ...GOOD, WORKERS: '16' })

    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}API_KEY +\[secret\] +restart +environment$/m)
    expect(out).toMatch(/^ {2}WORKERS +16 +restart +environment$/m)
    expect(out).toMatch(new RegExp(`^ {2}MODE +lenient +live +file ${base}:1:1$`, 'm'))
    expect(out).toMatch(/^ {2}WAIT +30s +restart +default$/m)
    expect(out).toMatch(/^ {2}SERVICE_ENV +not set +restart +default$/m)
  })

  test('ops config show --json has the registry of each setting beside its value', async () => {
    const { out } = await config(['show', '--json'], { ...GOOD, NAMES: 'x,y' })

    const { ok, hash, settings: shown } = JSON.parse(out)
    expect({ ok, hash }).toEqual({ ok: true, hash: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect(shown).toContainEqual(
      expect.objectContaining({
        name: 'NAMES',
        type: 'list of text',
        default: 'a,b',
        required: false,
        value: 'x,y',
        layer: 'environment',
      }),
    )
    expect(shown).toContainEqual(expect.objectContaining({ name: 'API_KEY', sensitive: true, value: '[secret]' }))
  })

  test('ops config show exits 1 and still shows what is right when something is missing or does not fit', async () => {
    const file = await environmentFile('.env', `${SECRETS}WORKERS=many\nMODE=lenient\n`)

    const { code, out, err } = await config(['show', file])

    expect(code).toBe(1)
    expect(out).toMatch(/^ {2}UPSTREAM +MISSING/m)
    expect(out).toMatch(/^ {2}WORKERS +INVALID/m)
    expect(out).toMatch(/^ {2}MODE +lenient/m)
    expect(err).toContain('error WORKERS: text of 4 characters')
    expect(err).toContain('error UPSTREAM: is missing')
  })

  test('ops config show asks a running service, with overrides and what waits for a restart', async () => {
    const url = await runningService({ ...GOOD, MODE: 'lenient', WAIT: '5s' })

    const { code, out } = await config(['show', url])

    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}DATABASE_URL +\[secret\] +restart +environment$/m)
    expect(out).toMatch(/^ {2}WAIT +5s +restart +environment$/m)
  })

  test('ops config show reads a folder with one file a setting', async () => {
    const folder = await scratchFolder()
    await mkdir(join(folder, 'mount'))
    for (const [name, text] of Object.entries(GOOD)) await writeFile(join(folder, 'mount', name), text)

    const { code, out } = await config(['show', join(folder, 'mount')])

    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}UPSTREAM +https:\/\/a\.example +restart +mount .*UPSTREAM$/m)
  })
})

describe('ops config explain', () => {
  test('ops config explain says what a setting is, where its value comes from and who lost', async () => {
    const base = await environmentFile('base.yaml', 'MODE: strict\n')

    const { code, out } = await config(['explain', 'MODE', '--file', base], { ...GOOD, MODE: 'lenient' })

    expect({ code, out }).toEqual({
      code: 0,
      out: `MODE = lenient
  How it judges
  enum: one of strict, lenient
  default strict; a change takes effect at once
  from environment, the highest layer that sets it
  lost: file ${base}:1:1
`,
    })
  })

  test('ops config explain tells a default, a secret and a missing value apart', async () => {
    const { code, out, err } = await config(['explain', 'WAIT', 'API_KEY', 'UPSTREAM'], { API_KEY: CANARY })

    expect(code).toBe(1)
    expect(out).toContain('WAIT = 30s\n')
    expect(out).toContain('its default, for nothing sets it')
    expect(out).toContain('API_KEY = [secret]\n')
    expect(out).toContain('UPSTREAM = not set\n')
    expect(err).toBe('error UPSTREAM: is missing, expected a URL https://host or http://host\n')
  })

  test('ops config explain exits 2 with the name that was meant when none is declared', async () => {
    expect(await config(['explain', 'WORKRES'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean WORKERS?'),
    })
  })
})

describe('ops config check', () => {
  test('ops config check exits 0 with the hash that the started service will show', async () => {
    const lines = Object.entries(GOOD).map(([name, value]) => `${name}=${value}\n`)
    const file = await environmentFile('production.env', lines.join(''))

    const { code, out } = await config(['check', file])
    const { hash } = JSON.parse((await config(['check', await runningService(GOOD), '--json'])).out)

    expect({ code, out }).toEqual({
      code: 0,
      out: `ok ${file}: ${Object.keys(settings).length} settings, hash ${hash}\n`,
    })
  })

  test('ops config check lists everything that is wrong before a deployment, and no value', async () => {
    const file = await environmentFile('production.yaml', `UPSTREAM: ftp://${CANARY}\nWORKER: 3\nWORKERS: "3"\n`)

    const { code, out, err } = await config(['check', file])

    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err.match(/^error \w+/gm)).toEqual([
      'error WORKER',
      'error API_KEY',
      'error DATABASE_URL',
      'error UPSTREAM',
      'error WORKERS',
    ])
    expect(err).toContain('did you mean WORKERS?')
  })

  test('ops config check --without-secrets lets secrets be missing, not be wrong', async () => {
    const fine = await environmentFile('a.env', 'UPSTREAM=https://a.example\n')
    const wrong = await environmentFile('b.env', 'UPSTREAM=https://a.example\nAPI_KEY=short\n')

    expect((await config(['check', fine])).code).toBe(1)
    expect((await config(['check', fine, '--without-secrets'])).code).toBe(0)
    expect(await config(['check', wrong, '--without-secrets'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('API_KEY: text of 5 characters'),
    })
  })

  test('ops config check finds of a running service what waits for a restart and what it could not take', async () => {
    const problem = { reason: 'invalid', key: 'MODE', origin: '/etc/app/MODE', message: 'text of 3 characters' }
    const lastReload = { at: '2026-01-02T03:04:05.678Z', result: 'failure', problems: [problem] }
    const url = await runningService(GOOD, { pendingRestart: ['WAIT'], lastReload })

    const { code, err } = await config(['check', url])

    expect(code).toBe(1)
    expect(err).toContain('error MODE: text of 3 characters (at /etc/app/MODE)')
    expect(err).toContain('error WAIT: has a new value that waits, expected a restart')
  })
})

describe('ops config parity', () => {
  test('ops config parity exits 0 when environments differ in endpoints, secrets, capacity and their own name', async () => {
    const a = await environmentFile('a.env', `${SECRETS}UPSTREAM=https://a.example\nWORKERS=2\nSERVICE_ENV=staging\n`)
    const b = await environmentFile(
      'b.env',
      `DATABASE_URL=postgres://x:${CANARY}@b/x\nUPSTREAM=https://b.example\nSERVICE_ENV=production\n`,
    )

    const { code, out } = await config(['parity', a, b])
    const all = await config(['diff', a, b])

    expect({ code, out }).toEqual({
      code: 0,
      out: 'ok only what may differ does: 4 settings (identity, secret, endpoint, capacity)\n',
    })
    expect(all.code).toBe(1)
    expect(
      all.out
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/ {2,}/)),
    ).toEqual([
      ['SERVICE_ENV', 'identity', 'staging', 'production'],
      ['API_KEY', 'secret', '[secret]', 'not set'],
      ['UPSTREAM', 'endpoint', 'https://a.example', 'https://b.example'],
      ['WORKERS', 'capacity', '2', '4'],
    ])
  })

  test('ops config parity exits 1 and names what may not differ, unless it is allowed by name', async () => {
    const a = await environmentFile('a.env', 'MODE=strict\nWAIT=5s\n')
    const b = await environmentFile('b.env', 'MODE=lenient\nWAIT=5000ms\n')

    const { code, out } = await config(['parity', a, b, '--json'])

    expect(code).toBe(1)
    expect(JSON.parse(out)).toEqual({
      ok: false,
      a,
      b,
      differences: [{ name: 'MODE', kind: 'drift', a: 'strict', b: 'lenient' }],
      problems: [],
    })
    expect((await config(['parity', a, b, '--allow', 'MODE'])).code).toBe(0)
    expect((await config(['parity', a, b, '--allow', 'MOD'])).err).toContain('did you mean MODE?')
  })

  test('ops config parity compares a file with a running service, and two running services', async () => {
    const staging = await runningService({
      ...GOOD,
      UPSTREAM: 'https://staging.example',
      MODE: 'lenient',
      NAMES: 'x,y',
    })
    const production = await runningService({ ...GOOD, NAMES: 'x,y' })
    const file = await environmentFile('next.env', `${SECRETS}UPSTREAM=https://a.example\nNAMES=x,y\n`)

    expect((await config(['diff', file, production])).out).toBe('ok nothing differs\n')
    expect(await config(['parity', staging, production])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^ {2}MODE +drift +lenient +strict$/m),
    })
  })

  test('ops config parity exits 1 when a side does not fit, whatever differs', async () => {
    const a = await environmentFile('a.env', 'WORKERS=none\n')
    const b = await environmentFile('b.env', 'WORKERS=3\n')

    expect(await config(['parity', a, b])).toMatchObject({ code: 1, err: expect.stringContaining('error WORKERS') })
  })
})

describe('an environment that cannot be read', () => {
  test.each([
    ['nothing is there', () => '/nowhere/at.all', 'there is no such file or folder'],
    ['nobody listens', () => 'http://127.0.0.1:1', 'it does not answer'],
    ['it refuses strangers', () => opsPort((response) => void response.writeHead(403).end()), 'set OPS_TOKEN'],
    ['it is another port', () => opsPort((response) => void response.writeHead(404).end()), 'is this its ops port?'],
    ['it answers something else', () => opsPort((response) => void response.end('[]')), 'is no service of @ops'],
    ['it answers no JSON', () => opsPort((response) => void response.end('<html>')), 'is no service of @ops'],
  ])('ops config exits 2 and says what to do when %s', async (_, make, message) => {
    const { code, out, err } = await config(['show', await make()])

    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })

  test('ops config sends the token of OPS_TOKEN and never shows it', async () => {
    const seen: unknown[] = []
    const url = await opsPort((response, { authorization }) => {
      seen.push(authorization)
      response.writeHead(401).end()
    })

    const { code } = await config(['show', url], { OPS_TOKEN: CANARY })

    expect({ code, seen }).toEqual({ code: 2, seen: [`Bearer ${CANARY}`] })
  })
})
