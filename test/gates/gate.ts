/** A tree with something wrong in it, and a gate that is asked about it. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

/** Writes files into a folder of their own, which goes when the test ends; what is no text becomes JSON. */
export function plant(files: Readonly<Record<string, string | object>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ops-gate-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  }
  return folder
}

/** Runs a gate as `pnpm ok` does, on another tree. */
export function judge(gate: string, folder: string, ...args: readonly string[]): { code: number; problems: string[] } {
  const program = join(root, 'scripts', 'gates', `${gate}.mjs`)
  const { status, stderr } = spawnSync(process.execPath, [program, '--root', folder, ...args], { encoding: 'utf8' })
  return { code: status as number, problems: stderr.split('\n').filter((line) => line !== '') }
}

/** A manifest as the packages have them, of a package named after its folder. */
export function manifest(folder: string, fields: object = {}): object {
  const exports = {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './package.json': './package.json',
  }
  return {
    name: `@ops/${folder}`,
    version: '0.0.0',
    description: 'A package that a gate is asked about',
    keywords: ['one', 'two', 'three'],
    license: 'MIT',
    homepage: `https://git.example.com/ops/tree/main/packages/${folder}#readme`,
    bugs: 'https://git.example.com/ops/issues',
    repository: { type: 'git', url: 'git+https://git.example.com/ops.git', directory: `packages/${folder}` },
    type: 'module',
    engines: { node: '>=22.15.0' },
    exports,
    scripts: { prepack: 'node ../../scripts/prepack.mjs' },
    publishConfig: { access: 'public', provenance: true, exports },
    files: ['dist', 'README.md', 'CHANGELOG.md'],
    ...fields,
  }
}

/** The root package.json that goes with {@link manifest}. */
export const ROOT = {
  name: 'root',
  private: true,
  license: 'MIT',
  repository: { type: 'git', url: 'git+https://git.example.com/ops.git' },
}
