import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runCli, USAGE } from '../src/cli.ts'
import { CANARY, expectNoCanary } from './canary.ts'
import { useScratch } from './volumes.ts'

const scratch = useScratch()
const SETTINGS = fileURLToPath(new URL('./settings.fixture.ts', import.meta.url))

async function run(args: readonly string[], env: Record<string, string> = { SECRET_TOKEN: CANARY }) {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    env,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    paint: (_, text) => text,
  })
  expectNoCanary(out, err)
  return { code, out, err }
}
const withSettings = (...args: string[]): string[] => [...args, '--settings', SETTINGS]

describe('ops-config check', () => {
  test('ops-config check exits 0 when the configuration is sound', async () => {
    expect(await run(withSettings('check'))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^ok 11 settings, hash [0-9a-f]{16}\n$/),
      err: '',
    })
    expect(JSON.parse((await run(withSettings('check', '--json'))).out)).toMatchObject({
      ok: true,
      settings: 11,
      problems: [],
    })
  })

  test('ops-config check exits 1 with every problem when it is not', async () => {
    const env = { COUNT: CANARY, FLAG: 'perhaps' }

    const { code, err, out } = await run(withSettings('check'), env)
    const asJson = await run(withSettings('check', '--json'), env)

    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err.trimEnd().split('\n')).toHaveLength(3)
    expect(asJson.code).toBe(1)
    expect(JSON.parse(asJson.out).problems.map(({ key }: { key: string }) => key)).toEqual([
      'SECRET_TOKEN',
      'FLAG',
      'COUNT',
    ])
  })

  test('ops-config check reads files, mounts and .env it is given', async () => {
    const file = await scratch.file('app.yaml', 'COUNT: 5\nNOVEL: 1\n')
    const dotenv = await scratch.file('.env', 'FLAG=maybe\n')

    expect((await run(withSettings('check', '--file', file, '--ignore', 'NOVEL'))).code).toBe(0)
    expect((await run(withSettings('check', '--file', file, '--dotenv', dotenv))).err.split('\n')).toHaveLength(3)
    expect((await run(withSettings('check', '--mount', join(scratch.path, 'none')))).code).toBe(1)
  })
})

describe('ops-config example', () => {
  test('ops-config example --check fails when the file is missing or has drifted, and passes after --write', async () => {
    const path = join(scratch.path, '.env.example')

    expect(await run(withSettings('example', '--check', path))).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not exist'),
    })
    expect((await run(withSettings('example', '--write', path))).code).toBe(0)
    expect(await run(withSettings('example', '--check', path))).toEqual({ code: 0, out: '', err: '' })
    expect(await readFile(path, 'utf8')).toBe((await run(withSettings('example'))).out)
    await writeFile(path, `${await readFile(path, 'utf8')}\nEXTRA=1\n`)
    expect(await run(withSettings('example', '--check', path))).toMatchObject({
      code: 1,
      err: expect.stringContaining('has drifted'),
    })
  })
})

describe('ops-config registry', () => {
  test('ops-config registry prints Markdown or JSON', async () => {
    expect((await run(withSettings('registry'))).out).toMatch(/^\| Name \| Type \|/)
    expect(JSON.parse((await run(withSettings('registry', '--json'))).out)).toHaveLength(11)
  })
})

describe('ops-config explain', () => {
  test('ops-config explain says where values come from, and masks secrets', async () => {
    const file = await scratch.file('app.yaml', 'COUNT: 5\n')

    const { out } = await run(withSettings('explain', 'COUNT', 'SECRET_TOKEN', 'TITLE', '--file', file), {
      SECRET_TOKEN: CANARY,
      COUNT: '6',
    })

    expect(out).toBe(
      `COUNT = 6\n  A count\n  from environment: environment; reload: live\n  shadows file: ${file}:1:1\n` +
        'SECRET_TOKEN = [secret]\n  Token of the upstream\n  from environment: environment; reload: live\n' +
        'TITLE = not set\n  A text\n  from default: default; reload: live\n',
    )
    expect((await run(withSettings('explain', 'NOVEL'))).code).toBe(2)
  })
})

describe('ops-config diff', () => {
  test('ops-config diff exits 0 when only what may differ differs, whatever the environments are written in', async () => {
    const a = await scratch.file(
      'staging.env',
      `SECRET_TOKEN=${CANARY}-staging\nCOUNT=1\nLINK=https://staging.example\n`,
    )
    const b = await scratch.file(
      'production.yaml',
      `SECRET_TOKEN: ${CANARY}-production\nCOUNT: 9\nLINK: https://a.example\n`,
    )

    const { code, out } = await run(withSettings('diff', a, b))

    expect({ code, out }).toEqual({
      code: 0,
      out: 'capacity COUNT: 1 | 9\nendpoint LINK: https://staging.example | https://a.example\n',
    })
  })

  test('ops-config diff exits 1 for drift and for a bad value', async () => {
    const a = await scratch.file('a.env', 'FLAG=true\n')
    const b = await scratch.file('b.env', `FLAG=false\nWAIT=${CANARY}\n`)

    const { code, out, err } = await run(withSettings('diff', a, b))

    expect({ code, out }).toEqual({ code: 1, out: 'drift FLAG: true | false\ndrift WAIT: 30s | not set\n' })
    expect(err).toContain('WAIT: text of 18 characters')
    expect(JSON.parse((await run(withSettings('diff', a, b, '--json'))).out)).toMatchObject({ holds: false })
  })
})

describe('ops-config', () => {
  test.each([
    [[], 'unknown command ""'],
    [['constructor'], 'unknown command "constructor"'],
    [['check'], '--settings is missing'],
    [['check', '--settings', '/nowhere.ts'], 'cannot load /nowhere.ts'],
    [['check', '--settings', SETTINGS, '--export', 'other'], 'exports no settings as other'],
    [['check', '--novel'], "Unknown option '--novel'"],
    [['explain', '--settings', SETTINGS], 'explain takes declared names'],
    [['diff', 'a', '--settings', SETTINGS], 'diff takes two environments'],
    [['diff', '/nowhere-a', '/nowhere-b', '--settings', SETTINGS], 'cannot read environment /nowhere-a'],
  ])('ops-config %j exits 2 with the usage', async (args, message) => {
    const { code, out, err } = await run(args)

    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
    expect(err).toContain(USAGE)
  })

  test('ops-config --help exits 0', async () => {
    expect(await run(['--help'])).toEqual({ code: 0, out: USAGE, err: '' })
  })

  test('ops-config runs as a process: exit codes, and neither colour nor secret in its pipes', async () => {
    const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url))
    const start = (args: string[], env: Record<string, string>) =>
      new Promise<{ code: number; text: string }>((resolve) => {
        const options = { env: { PATH: process.env['PATH'], FORCE_COLOR: '3', ...env } }
        execFile(process.execPath, ['--conditions=@ops/source', bin, ...args], options, (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr })
        })
      })

    const runs = await Promise.all([
      start(withSettings('check'), { SECRET_TOKEN: CANARY }),
      start(withSettings('check'), { SECRET_TOKEN: CANARY, COUNT: CANARY }),
      start(['nothing'], { SECRET_TOKEN: CANARY }),
    ])

    expect(runs.map(({ code }) => code)).toEqual([0, 1, 2])
    for (const { text } of runs) {
      expectNoCanary(text)
      expect(text).not.toContain('\u001B')
    }
  })
})
