/** What is in the tarballs, by their own words: everything a user needs, and nothing that only this repository understands. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Packed, packAll, packageFolders } from './packed.ts'

const root = join(import.meta.dirname, '..', '..')
const MAY_CONTAIN = /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/.+\.(?:js|d\.ts|js\.map|json|md|lua))$/

let packed: Awaited<ReturnType<typeof packAll>>

let unpacked: string

beforeAll(async () => {
  packed = await packAll()
  unpacked = mkdtempSync(join(tmpdir(), 'ops-unpacked-'))
  for (const one of packed.packages) extract(one)
})
afterAll(async () => {
  rmSync(unpacked, { recursive: true, force: true })
  await packed?.stop()
})

describe.each(packageFolders)('@ops/%s', (folder) => {
  test(`@ops/${folder} contains its licence and README and nothing that was not built`, () => {
    const files = filesIn(one(folder))

    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'dist/index.js']))
    expect(files.filter((file) => !MAY_CONTAIN.test(file))).toEqual([])
    expect(textIn(one(folder), 'LICENSE')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
  })

  test(`@ops/${folder} contains every file that its exports and commands name`, () => {
    const { exports, bin = {} } = one(folder).manifest
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    )
    const named = [...targets, ...Object.values(bin)].map((file) => file.replace(/^\.\//, ''))

    expect(named.filter((file) => !filesIn(one(folder)).includes(file))).toEqual([])
  })

  test(`@ops/${folder} asks for ranges that any package manager understands`, () => {
    const { dependencies = {}, peerDependencies = {} } = one(folder).manifest
    const ranges = Object.entries({ ...dependencies, ...peerDependencies })

    expect(ranges.filter(([, range]) => !/^\^\d+\.\d+\.\d+$/.test(range))).toEqual([])
  })

  test(`@ops/${folder} asks for its siblings in its own version`, () => {
    const { version, dependencies = {}, peerDependencies = {} } = one(folder).manifest
    const siblings = Object.entries({ ...dependencies, ...peerDependencies }).filter(([name]) =>
      name.startsWith('@ops/'),
    )

    expect(siblings.filter(([, range]) => range !== `^${version}`)).toEqual([])
  })

  test(`@ops/${folder} names no condition that resolves to sources it does not contain`, () => {
    const conditions = Object.values(one(folder).manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [] : Object.keys(target),
    )

    expect([...new Set(conditions)].sort()).toEqual(['default', 'types'])
  })

  test(`@ops/${folder} contains the sources that its source maps name`, () => {
    const maps = filesIn(one(folder)).filter((file) => file.endsWith('.js.map'))
    const empty = maps.filter((file) => {
      const { sourcesContent } = JSON.parse(textIn(one(folder), file)) as {
        readonly sourcesContent?: readonly string[]
      }
      return !sourcesContent?.every((source) => source !== '')
    })

    expect(empty).toEqual([])
  })
})

test('every packed version is the same: the packages are released together', () => {
  expect(new Set(packed.packages.map(({ manifest }) => manifest.version)).size).toBe(1)
})

function one(folder: string): Packed {
  return packed.packages.find(({ manifest }) => manifest.name === `@ops/${folder}`) as Packed
}

function extract({ manifest, tarball }: Packed): void {
  mkdirSync(join(unpacked, manifest.name), { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(unpacked, manifest.name)])
}

function filesIn({ manifest }: Packed): readonly string[] {
  const folder = join(unpacked, manifest.name)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

function textIn({ manifest }: Packed, file: string): string {
  return readFileSync(join(unpacked, manifest.name, file), 'utf8')
}
