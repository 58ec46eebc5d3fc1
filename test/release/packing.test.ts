/** What a package is packed with: what its sources make, whoever packs it, and from whatever the folder has gone through. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { plant } from '../gates/gate.ts'

const prepack = join(import.meta.dirname, '..', '..', 'scripts', 'prepack.mjs')

/** Runs in a package with these files as packing does. */
function pack(files: Readonly<Record<string, string>>) {
  const folder = plant(files)
  const { status, stderr } = spawnSync(process.execPath, [prepack], { cwd: folder, encoding: 'utf8' })
  const kept = readdirSync(join(folder, 'dist'), { recursive: true, withFileTypes: true })
  return {
    status,
    stderr,
    kept: kept
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort(),
  }
}

const MADE = { 'dist/index.js': '', 'dist/index.d.ts': '', 'dist/index.js.map': '' }

describe('prepack', () => {
  test('prepack deletes what the compiler made of a source that is gone, in folders too', () => {
    const old = { 'dist/old.js': '', 'dist/old.d.ts': '', 'dist/old.js.map': '', 'dist/part/old.js': '' }

    const { status, kept, stderr } = pack({ 'src/index.ts': '', ...MADE, ...old })

    expect(kept).toEqual(['index.d.ts', 'index.js', 'index.js.map'])
    expect(stderr.match(/^deleted /gm)).toHaveLength(4)
    expect(status).toBe(0)
  })

  test('prepack keeps what no compiler makes', () => {
    expect(pack({ 'src/index.ts': '', ...MADE, 'dist/take.lua': '', 'dist/page.json': '' }).kept).toEqual([
      'index.d.ts',
      'index.js',
      'index.js.map',
      'page.json',
      'take.lua',
    ])
  })

  test('prepack refuses and names the file when a source was not built', () => {
    const { status, stderr } = pack({ 'src/index.ts': '', 'src/part/new.ts': '', 'src/types.d.ts': '', ...MADE })

    expect(stderr).toMatch(/dist\/part\/new\.js is missing, expected a built package/)
    expect(status).toBe(1)
  })
})
