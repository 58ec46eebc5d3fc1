/** What the architecture tests look at: files that git tracks or would, read once. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The repository's root. */
export const root: string = join(import.meta.dirname, '..', '..')

/** Every file that is committed or would be by `git add`, relative to the root. */
export const files: readonly string[] = listFiles()

/** Folder names under packages/. */
export const packages: readonly string[] = [
  ...new Set(filesUnder(/^packages\/[^/]+\/package\.json$/).map((file) => file.split('/')[1] as string)),
].sort()

/** The files whose path matches. */
export function filesUnder(pattern: RegExp): readonly string[] {
  return files.filter((file) => pattern.test(file))
}

/** Text of a file. */
export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** Number of lines of a text, a last line without a break included. */
export function countLines(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

/** The parts of a package.json that rules are about. */
export interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The package.json of a package folder. */
export function manifestOf(packageFolder: string): Manifest {
  return JSON.parse(read(`packages/${packageFolder}/package.json`)) as Manifest
}

/**
 * Source without comments and without the text of strings, so that prose about a rule does not break it.
 * Line breaks stay: line numbers hold.
 */
export function codeOf(file: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ')
  return read(file).replace(/\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, blank)
}

/** `file:line` of every match in the code. */
export function placesOf(pattern: RegExp, file: string, code: string = codeOf(file)): readonly string[] {
  return [...code.matchAll(pattern)].map((match) => `${file}:${countLines(code.slice(0, match.index + 1))} ${match[0]}`)
}

function listFiles(): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return listed.split('\n').filter((file) => file !== '' && existsSync(join(root, file)))
}
