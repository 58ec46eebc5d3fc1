/** Every hostile input of the specification, each with a canary secret that must appear in no output. */
import { execFileSync } from 'node:child_process'
import { mkdir, rm, symlink, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ConfigInvalidError, type LoadConfigOptions, loadConfig } from '@ops/config'
import { recordLogs } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { runCli } from '../src/cli.ts'
import { CANARY, captureOutput, expectNoCanary, logText, outputsOf, renderings } from './canary.ts'
import { settings } from './settings.fixture.ts'
import { useScratch } from './volumes.ts'

const scratch = useScratch()
const fixture = fileURLToPath(new URL('./settings.fixture.ts', import.meta.url))

/** Loads with the canary as the secret; whatever happens, nothing that comes out holds it. Returns the problems' lines. */
async function withstand(options: LoadConfigOptions): Promise<string[]> {
  const { logger, records } = recordLogs()
  const env = { SECRET_TOKEN: CANARY, ...options.env }
  const { result, written } = await captureOutput(async () => {
    try {
      const config = await loadConfig(settings, { ...options, env, logger })
      await config.close()
      return { text: outputsOf(settings, config), lines: [] }
    } catch (error) {
      const lines = (error as ConfigInvalidError).message.split('\n  ').slice(1)
      return { text: renderings(error), lines, error }
    }
  })
  const cli = await runCommand(options, env)
  expectNoCanary(result.text, written, logText(records), cli, outputsOf(settings))
  if ('error' in result) expect(result.error).toMatchObject({ name: 'ConfigInvalidError', code: 'OPS_CONFIG_INVALID' })
  return result.lines
}

/** The same through the command, in both formats. */
async function runCommand(
  { files = [], mounts = [], dotenv }: LoadConfigOptions,
  env: Record<string, string | undefined>,
): Promise<string> {
  let text = ''
  const write = (piece: string): void => {
    text += piece
  }
  const args = [
    '--settings',
    fixture,
    ...files.flatMap((file) => ['--file', String(file)]),
    ...mounts.flatMap((mount) => ['--mount', mount]),
  ]
  if (typeof dotenv === 'string') args.push('--dotenv', dotenv)
  const context = { env, out: write, err: write, paint: (_: string, piece: string) => piece }
  for (const command of ['check', 'explain', 'registry', 'example']) {
    const names = command === 'explain' ? Object.keys(settings) : []
    for (const format of [[], ['--json']]) await runCli([command, ...names, ...args, ...format], context)
  }
  return text
}

describe('loadConfig() refuses text that is not the whole value', () => {
  test.each([
    ['FLAG', ' true'],
    ['FLAG', `true${CANARY}`],
    ['COUNT', '3000abc'],
    ['COUNT', '1_000'],
    ['COUNT', '0x10'],
    ['COUNT', '1e3'],
    ['COUNT', '08'],
    ['COUNT', 'Infinity'],
    ['COUNT', 'NaN'],
    ['COUNT', '9007199254740993'],
    ['COUNT', CANARY],
    ['RATIO', 'Infinity'],
    ['RATIO', '1e3'],
    ['APP_PORT', '0'],
    ['APP_PORT', '70000'],
    ['APP_PORT', '-1'],
    ['APP_PORT', '80.5'],
    ['LINK', 'javascript:alert(1)'],
    ['LINK', 'a.example'],
    ['LINK', `https://user:${CANARY}@a.example`],
    ['WAIT', '30'],
    ['SIZE', '10'],
    ['LEVEL', 'INFO'],
    ['SECRET_TOKEN', CANARY.slice(-5)],
  ])('%s=%j is one problem', async (key, value) => {
    const lines = await withstand({ env: { [key]: value } })

    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(new RegExp(`^${key}: .*expected .*\\(at environment\\)$`))
    if (value.length > 5) expect(lines[0]).not.toContain(value)
  })

  test.each([
    ['FLAG', 'TRUE', true],
    ['FLAG', 'false', false],
    ['FLAG', '0', false],
    ['FLAG', '', false],
    ['COUNT', '', 1],
  ])('%s=%j is a value or absent', async (key, value, expected) => {
    expect(await withstand({ env: { [key]: value } })).toEqual([])
    const config = await loadConfig(settings, { env: { SECRET_TOKEN: CANARY, [key]: value } })
    expect(config.current[key as 'FLAG']).toBe(expected)
  })

  test('a Kubernetes service link is named as such', async () => {
    const [line] = await withstand({ env: { APP_PORT: 'tcp://10.0.0.1:80' } })

    expect(line).toContain('a Kubernetes service link (rename the setting or set enableServiceLinks: false)')
  })

  test.each([
    [
      { LEVLE: 'info' },
      'LEVLE: is no declared setting but close to one, expected LEVEL (or the name listed in ignore) (at environment)',
    ],
    [
      { level: 'info' },
      'level: is no declared setting but close to one, expected LEVEL (or the name listed in ignore) (at environment)',
    ],
    [
      { APP_POTR_FILE: '/x' },
      'APP_POTR_FILE: is no declared setting but close to one, expected APP_PORT (or the name listed in ignore) (at environment)',
    ],
  ])('%j is a near miss', async (env, line) => {
    expect(await withstand({ env })).toEqual([line])
    expect(
      await loadConfig(settings, { env: { SECRET_TOKEN: CANARY, ...env }, ignore: Object.keys(env) }),
    ).toBeDefined()
  })

  test('a name behind a wrong prefix is hinted at when the setting is missing', async () => {
    const lines = await withstand({ env: { SECRET_TOKEN: undefined, MYAPP_SECRET_TOKEN: CANARY } })

    expect(lines).toEqual([
      'SECRET_TOKEN: is missing, expected text of at least 8 characters (MYAPP_SECRET_TOKEN is set: did you mean SECRET_TOKEN?)',
    ])
  })
})

describe('loadConfig() withstands YAML', () => {
  const deep = `TITLE: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`
  const bomb = `A: &a [x,x,x,x,x,x,x,x,x]\nB: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nC: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nTITLE: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`
  test.each([
    ['null', 'COUNT: null', 'COUNT: null, expected a whole number of at least 0 (at FILE:1:1)'],
    [
      'an empty list',
      'HOSTS: []',
      'HOSTS: an array of 0, expected 1 to 1000 items separated by ",", each text (at FILE:1:1)',
    ],
    [
      'no for a switch',
      'FLAG: no',
      'FLAG: text of 2 characters, expected true or false (1/0, yes/no, on/off) (at FILE:1:1)',
    ],
    ['012', 'COUNT: 012', 'COUNT: is an ambiguous number, expected decimal digits (or quotes for text) (at FILE:1:1)'],
    [
      '0x10',
      'COUNT: 0x10',
      'COUNT: is an ambiguous number, expected decimal digits (or quotes for text) (at FILE:1:1)',
    ],
    [
      '.inf',
      'RATIO: .inf',
      'RATIO: is an ambiguous number, expected decimal digits (or quotes for text) (at FILE:1:1)',
    ],
    ['2^53 + 1', 'COUNT: 9007199254740993', 'COUNT: a number, expected a whole number of at least 0 (at FILE:1:1)'],
    [
      'a number in quotes',
      'COUNT: "4"',
      'COUNT: text of 1 character, expected a whole number of at least 0 (at FILE:1:1)',
    ],
    ['a number for text', 'TITLE: 1.10', 'TITLE: a number, expected string (at FILE:1:1)'],
    [
      'a date for a number',
      'COUNT: 2026-01-01',
      'COUNT: text of 10 characters, expected a whole number of at least 0 (at FILE:1:1)',
    ],
    ['tabs', 'TITLE:\n\tx: 1', 'FILE:2:1: is indented with a tab, expected spaces'],
    ['two documents', `TITLE: a\n---\nSECRET_TOKEN: ${CANARY}\n`, 'FILE:2:1: holds several documents, expected one'],
    ['a duplicate key', `COUNT: 1\nCOUNT: 2\n`, 'FILE:2:1: names a key twice, expected once'],
    [
      'an unknown tag',
      `SECRET_TOKEN: !!js/function "${CANARY}"`,
      'FILE:1:15: is not valid (TAG_RESOLVE_FAILED), expected YAML 1.2',
    ],
    ['an unterminated quote', `SECRET_TOKEN: "${CANARY}`, 'FILE:1:34: is not valid (MISSING_CHAR), expected YAML 1.2'],
    ['a list', `- ${CANARY}`, 'FILE: is no map, expected a map of settings'],
    ['bare text', CANARY, 'FILE: is no map, expected a map of settings'],
    ['__proto__', '__proto__: { polluted: true }', '__proto__: is a forbidden name, expected another (at FILE:1:1)'],
    ['constructor', 'constructor: 1', 'constructor: is a forbidden name, expected another (at FILE:1:1)'],
    ['prototype', 'prototype: 1', 'prototype: is a forbidden name, expected another (at FILE:1:1)'],
    [
      'a nested __proto__',
      'TITLE: { a: { __proto__: { polluted: 1 } } }',
      'TITLE: holds a forbidden name, expected none of __proto__, constructor, prototype (at FILE:1:1)',
    ],
    ['a merge key', '<<: { COUNT: 2 }', 'a key: is no declared setting, expected a declared name (at FILE:1:1)'],
    ['a key that is a list', `? [${CANARY}]\n: 1`, 'a key: is no text, expected an environment name (at FILE)'],
    [
      'a secret in the place of a key',
      `${CANARY}: 1`,
      'a key: is no declared setting, expected a declared name (at FILE:1:1)',
    ],
    ['an unknown key', 'NOVEL: 1', 'NOVEL: is no declared setting, expected a declared name (at FILE:1:1)'],
    ['nothing', '', 'FILE: is empty, expected a map of settings'],
    ['blanks', ' \n\n', 'FILE: is empty, expected a map of settings'],
    ['invalid UTF-8', Buffer.from([0x41, 0x3a, 0xff, 0xfe]), 'FILE: is not UTF-8 text, expected UTF-8'],
  ])('%s', async (_, text, line) => {
    const path = await scratch.file('app.yaml', text)

    expect(await withstand({ files: [path] })).toEqual([line.replace('FILE', path)])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test.each([
    ['an alias bomb', bomb, /TITLE: uses too many aliases or nests too deep, expected less/],
    ['depth 10,000', deep, /nested? (?:too deep|deeper)|nests too deep/],
    [
      'depth 10,000 in a block',
      Array.from({ length: 10_000 }, (_, i) => `${' '.repeat(i)}a:`)
        .join('\n')
        .slice(0, 1_000_000),
      /./,
    ],
  ])('%s', async (_, text, pattern) => {
    const path = await scratch.file('app.yaml', text)

    expect((await withstand({ files: [path] })).join('\n')).toMatch(pattern)
  })

  test('a byte order mark, CRLF and comments only are fine', async () => {
    const path = await scratch.file('app.yaml', '\uFEFFCOUNT: 7\r\nTITLE: "a # b"\r\n')
    const comments = await scratch.file('none.yml', '# nothing yet\n')

    expect(await withstand({ files: [path, comments] })).toEqual([])
    expect((await loadConfig(settings, { env: { SECRET_TOKEN: CANARY }, files: [path] })).current).toMatchObject({
      COUNT: 7,
      TITLE: 'a # b',
    })
  })
})

describe('loadConfig() withstands JSON and TOML', () => {
  test.each([
    ['app.json', '{ "COUNT": 1, "COUNT": 2 }', /^FILE:1:15: names a key twice, expected once$/],
    ['app.json', `{ "SECRET_TOKEN": "${CANARY}", }`, /^FILE.* is not valid/],
    ['app.json', `{ "SECRET_TOKEN": "${CANARY}`, /^FILE.* is not valid/],
    ['app.json', '{ "__proto__": { "polluted": true } }', /^__proto__: is a forbidden name/],
    [
      'app.json',
      `{ "TITLE": ${'['.repeat(10_000)}${']'.repeat(10_000)} }`,
      /nested? (?:too deep|deeper)|nests too deep/,
    ],
    ['app.toml', `SECRET_TOKEN = "${CANARY}`, /^FILE:1:\d+: is not valid, expected TOML 1.0$/],
    ['app.toml', 'COUNT = 1\nCOUNT = 2\n', /^FILE:2:\d+: is not valid, expected TOML 1.0$/],
    ['app.toml', 'COUNT = 2026-01-01\n', /^COUNT: a date, expected a whole number of at least 0 \(at FILE:1:1\)$/],
    ['app.toml', '\n  NOVEL = 1\n', /^NOVEL: is no declared setting, expected a declared name \(at FILE:2:3\)$/],
    ['app.toml', '[__proto__]\npolluted = true\n', /^__proto__: is a forbidden name/],
    ['app.toml', `TITLE = ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`, /not valid|nested deeper/],
  ])('%s %#', async (name, text, pattern) => {
    const path = await scratch.file(name, text)
    const lines = await withstand({ files: [path] })

    expect(lines).toHaveLength(1)
    expect(lines[0]?.replace(path, 'FILE')).toMatch(pattern)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('loadConfig() reads JSON and TOML', () => {
  test.each([
    ['app.json', '\uFEFF{\r\n\t"COUNT": 7,\n\t"TITLE": "a\\/\\ud83d\\ude00",\n\t"HOSTS": ["x"]\n}\n'],
    ['app.toml', '\uFEFFCOUNT = 7\r\nTITLE = "a/😀"\nHOSTS = ["x"]\n'],
  ])('%s with a byte order mark, tabs and escapes', async (name, text) => {
    const path = await scratch.file(name, text)

    const config = await loadConfig(settings, { env: { SECRET_TOKEN: CANARY }, files: [path] })

    expect(config.current).toMatchObject({ COUNT: 7, TITLE: 'a/😀', HOSTS: ['x'] })
  })
})

describe('loadConfig() withstands files named by NAME_FILE', () => {
  test('X and X_FILE together are a conflict', async () => {
    const path = await scratch.file('secret', CANARY)

    expect(await withstand({ env: { SECRET_TOKEN_FILE: path } })).toEqual([
      'SECRET_TOKEN: both SECRET_TOKEN and SECRET_TOKEN_FILE are set, expected one of them (at environment)',
    ])
  })

  test.each([
    ['missing', async (path: string) => rm(path, { force: true }), 'does not exist, expected a file'],
    ['a directory', (path: string) => mkdir(path), 'is a directory, expected a file'],
    ['a pipe', async (path: string) => execFileSync('mkfifo', [path]), 'is a pipe or device, expected a file'],
    ['a device', (path: string) => symlink('/dev/zero', path), 'is a pipe or device, expected a file'],
    [
      '1 GB',
      (path: string) => scratch.file('x', CANARY).then(() => truncate(path, 2 ** 30)),
      'is larger than 1048576 bytes, expected a small file',
    ],
    ['empty', (path: string) => scratch.file('x', '\n').then(() => path), 'is empty, expected a value'],
  ])('a file that is %s is one problem that does not show its path', async (_, make, state) => {
    const path = join(scratch.path, 'x')
    await make(path)

    const lines = await withstand({ env: { SECRET_TOKEN: undefined, SECRET_TOKEN_FILE: path } })

    expect(lines).toEqual([
      `SECRET_TOKEN: the file named by SECRET_TOKEN_FILE ${state} (at environment SECRET_TOKEN_FILE)`,
    ])
  })

  test('a secret pasted into NAME_FILE is not shown', async () => {
    expect(await withstand({ env: { SECRET_TOKEN: undefined, SECRET_TOKEN_FILE: CANARY } })).toHaveLength(1)
  })

  test('a byte order mark and one final line break are no part of the value, other spaces are', async () => {
    const path = await scratch.file('secret', `\uFEFF ${CANARY}\n\r\n`)

    const config = await loadConfig(settings, { env: { SECRET_TOKEN_FILE: path } })

    expect(config.current.SECRET_TOKEN.reveal()).toBe(` ${CANARY}\n`)
    expectNoCanary(outputsOf(settings, config))
  })
})

describe('loadConfig() withstands .env', () => {
  test.each([
    [
      'an unterminated quote',
      `SECRET_TOKEN="${CANARY}\nCOUNT=1\n`,
      'SECRET_TOKEN: has no closing quote, expected one (at FILE:1)',
    ],
    ['a duplicate key', `COUNT=1\nCOUNT=2\n`, 'COUNT: is set twice, expected once (at FILE:2)'],
    [
      'text after a quote',
      `TITLE="a" ${CANARY}\n`,
      'TITLE: has text after the closing quote, expected the end of the line (at FILE:1)',
    ],
    ['a line that is none', `COUNT=1\n${CANARY}\n`, 'FILE:2: is no NAME=value, expected one'],
    ['pollution', `__proto__=1\n`, '__proto__: is a forbidden name, expected another (at FILE:1)'],
    [
      'a near miss',
      `TITEL=1\n`,
      'TITEL: is no declared setting but close to one, expected TITLE (or the name listed in ignore) (at FILE:1:7)',
    ],
    [
      'a bad value',
      `COUNT=${CANARY}\n`,
      'COUNT: text of 18 characters, expected a whole number of at least 0 (at FILE:1:7)',
    ],
  ])('%s', async (_, text, line) => {
    const path = await scratch.file('.env', text)

    expect(await withstand({ dotenv: path })).toEqual([line.replace('FILE', path)])
  })

  test('hash signs, CRLF, a byte order mark, $VAR loops and PEM are read as written', async () => {
    const path = await scratch.file(
      '.env',
      `\uFEFF# a comment\r\nexport COUNT = 5 # five\r\nTITLE='$TITLE \${LEVEL} # kept'\r\nHOSTS=a#b,c\r\nSECRET_TOKEN="-----BEGIN\\n${CANARY}\\n-----END"\r\n`,
    )

    const config = await loadConfig(settings, { env: {}, dotenv: path })

    // biome-ignore lint/suspicious/noTemplateCurlyInString: variables are not expanded
    expect(config.current).toMatchObject({ COUNT: 5, TITLE: '$TITLE ${LEVEL} # kept', HOSTS: ['a#b', 'c'] })
    expect(config.current.SECRET_TOKEN.reveal()).toBe(`-----BEGIN\n${CANARY}\n-----END`)
    expectNoCanary(outputsOf(settings, config))
    expect(await withstand({ env: { SECRET_TOKEN: undefined }, dotenv: path })).toEqual([])
  })

  test('.env is for development: it is not read where NODE_ENV is production', async () => {
    const path = await scratch.file('.env', 'COUNT=5\n')
    const read = async (mode: string) =>
      (await loadConfig(settings, { env: { SECRET_TOKEN: CANARY, NODE_ENV: mode }, dotenv: path })).current.COUNT

    expect(await read('production')).toBe(1)
    expect(await read('staging')).toBe(1)
    expect(await read('development')).toBe(5)
  })
})

describe('loadConfig() withstands mounted directories', () => {
  test('an unknown, an empty and a forbidden file are problems, other names are none of its business', async () => {
    await mkdir(join(scratch.path, 'mount'))
    for (const [name, text] of Object.entries({
      NOVEL: CANARY,
      COUNT: '',
      __proto__x: '1',
      'tls.crt': CANARY,
      constructor: '1',
    })) {
      await scratch.file(join('mount', name), text)
    }
    await scratch.file('mount/__proto__', '1')
    const mount = join(scratch.path, 'mount')

    expect((await withstand({ mounts: [mount] })).sort()).toEqual([
      `COUNT: its file is empty, expected a value (at ${mount}/COUNT)`,
      `NOVEL: is no declared setting, expected a declared name (at ${mount}/NOVEL)`,
      `__proto__: is a forbidden name, expected another (at ${mount}/__proto__)`,
      `__proto__x: is no declared setting, expected a declared name (at ${mount}/__proto__x)`,
      `constructor: is a forbidden name, expected another (at ${mount}/constructor)`,
    ])
  })

  test('a directory that is not there is one problem', async () => {
    expect(await withstand({ mounts: [join(scratch.path, 'none')] })).toEqual([
      `${scratch.path}/none: cannot be listed (ENOENT), expected a directory with one file a key`,
    ])
  })
})
