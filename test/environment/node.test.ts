import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeFolderOf, satisfies } from '../../scripts/environment/node.mjs'
import { environmentWith } from '../../scripts/environment/variables.mjs'

const root = join(import.meta.dirname, '..', '..')

describe('satisfies()', () => {
  const range = '^22.18.0 || ^24.11.0 || >=26.0.0'

  test.each(['22.18.0', '22.20.1', '24.11.0', '24.21.0', '26.0.0', '27.1.2'])(
    'satisfies() is true when the version is %s',
    (version) => {
      expect(satisfies(version, range)).toBe(true)
    },
  )

  test.each(['16.20.2', '20.20.2', '22.17.9', '23.5.0', '24.10.9', '25.9.0'])(
    'satisfies() is false when the version is %s',
    (version) => {
      expect(satisfies(version, range)).toBe(false)
    },
  )

  test('satisfies() throws a sentence when the range has a form that it does not know', () => {
    expect(() => satisfies('24.0.0', '~24')).toThrow('Cannot read engines.node: ~24, expected ^x.y.z or >=x.y.z')
  })
})

describe('nodeFolderOf()', () => {
  test.each([process.versions.node, process.versions.node.split('.')[0] as string])(
    'nodeFolderOf() returns the folder of the running Node when asked for %s',
    (version) => {
      expect(nodeFolderOf(version)).toBe(dirname(process.execPath))
    },
  )

  test('nodeFolderOf() throws a sentence when asked for a range', () => {
    expect(() => nodeFolderOf('>=22')).toThrow(
      'Cannot bring Node >=22: expected a major version such as 22, or an exact',
    )
  })
})

describe('environmentWith()', () => {
  const before = process.env

  beforeEach(() => {
    process.env = {
      PATH: '/usual',
      npm_config_user_agent: 'npm/1',
      npm_config_https_proxy: 'proxy',
      npm_lifecycle_event: 'x',
    }
  })
  afterEach(() => {
    process.env = before
  })

  test('environmentWith() drops what describes the npm that started us when it keeps how to reach the network', () => {
    const names = Object.keys(environmentWith([])).filter((name) => name.startsWith('npm_'))

    expect(names).toEqual(['npm_config_https_proxy'])
  })

  test('environmentWith() puts given folders before the usual ones and fallbacks behind them when it makes the PATH', () => {
    expect(environmentWith(['/first'], ['/last']).PATH).toBe(
      `${join(root, 'node_modules', '.bin')}:/first:/usual:/last`,
    )
  })
})

describe('node scripts/dev.mjs', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ops-path-'))
    for (const name of ['node', 'sh']) symlinkSync(name === 'node' ? process.execPath : '/bin/sh', join(folder, name))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  test.each([
    [{ NODE_MAJOR: 'new' }, [], 'Cannot use NODE_MAJOR=new: expected a major version such as 22, 24 or 26'],
    [{}, ['--with', 'mysql'], 'Cannot bring mysql: unknown server, expected one of redis, prometheus, chromium'],
    [{ NODE_MAJOR: '7' }, [], 'Cannot fetch node-'],
  ])('dev.mjs says one sentence and no stack when %j %j cannot be had', (variables, args, sentence) => {
    const { status, stderr } = run(variables, args)

    expect(stderr).toMatch(new RegExp(`^dev: ${sentence.replace(/[.^$*+?()[\]{}|\\]/g, '\\$&')}`))
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(status).toBe(1)
  })

  test('dev.mjs names the npm it needs when the one on the PATH is too old', () => {
    writeFileSync(join(folder, 'npm'), '#!/bin/sh\necho 6.14.18\n', { mode: 0o755 })

    expect(run({ NODE_MAJOR: '7' }, []).stderr).toContain('npm is 6.14.18, expected 8 or later')
  })

  function run(variables: Record<string, string>, args: readonly string[]): { status: number; stderr: string } {
    try {
      const script = join(root, 'scripts', 'dev.mjs')
      execFileSync(process.execPath, [script, ...args], {
        env: { PATH: folder, ...variables },
        encoding: 'utf8',
        stdio: 'pipe',
      })
      return { status: 0, stderr: '' }
    } catch (error) {
      return error as { status: number; stderr: string }
    }
  }
})

test('the scripts pin pnpm and the oldest supported Node when package.json does', () => {
  const { packageManager, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

  expect(packageManager).toMatch(/^pnpm@\d+\.\d+\.\d+$/)
  expect(satisfies(process.versions.node, engines.node)).toBe(true)
  expect(dirname(root)).not.toBe(root)
})
