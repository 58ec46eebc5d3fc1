/** The files of a project as git knows them: what is committed or about to be, not what lies around. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A line of a text. */
export interface Line {
  readonly path: string
  /** From 1. */
  readonly number: number
  readonly text: string
}

/** A project on disk. */
export interface Project {
  readonly root: string
  /** False where git knows nothing of it: then every file counts, but those of tools. */
  readonly isRepository: boolean
  /** Paths from the root, with slashes, sorted. */
  readonly files: readonly string[]
  /** Text of a file; undefined for one that is not there, larger than 1 MB, or no text. */
  read(path: string): string | undefined
  /** Lines of the files whose path fits, but those in which somebody allowed a requirement to be passed over. */
  lines(paths: RegExp, requirement: string): readonly Line[]
  /** Whether git would leave a path out. */
  isIgnored(path: string): boolean
}

const LARGEST = 1_048_576
const TOOLS = new Set(['.git', 'node_modules', 'dist', 'coverage', '.turbo'])

/** Opens the project at `root`; reads no file yet. */
export function openProject(root: string): Project {
  const tracked = git(root, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  const isRepository = tracked !== undefined
  const files = (tracked === undefined ? walk(root, '') : tracked.split('\0').filter((path) => path !== '')).sort()
  const read = (path: string): string | undefined => tryReadText(join(root, path))
  return {
    root,
    isRepository,
    files,
    read,
    lines: (paths, requirement) =>
      files.filter((path) => paths.test(path)).flatMap((path) => linesOf(path, read(path) ?? '', requirement)),
    isIgnored: (path) => (isRepository ? isIgnoredByGit(root, path) : isListed(read('.gitignore') ?? '', path)),
  }
}

/** `ops audit: allow C3, <why>` in a line speaks for that line and the next. */
function linesOf(path: string, text: string, requirement: string): readonly Line[] {
  const allowed = new RegExp(`ops audit: allow ${requirement}\\b`)
  const lines = text.split('\n')
  return lines.flatMap((line, at) =>
    allowed.test(line) || allowed.test(lines[at - 1] ?? '') ? [] : [{ path, number: at + 1, text: line }],
  )
}

function tryReadText(file: string): string | undefined {
  try {
    if (statSync(file).size > LARGEST) return undefined
    const text = readFileSync(file, 'utf8')
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

function git(root: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 })
  return status === 0 ? stdout : undefined
}

function isIgnoredByGit(root: string, path: string): boolean {
  return git(root, ['check-ignore', '--quiet', '--no-index', path]) !== undefined
}

function isListed(ignored: string, path: string): boolean {
  const lines = ignored.split('\n').map((line) => line.trim())
  return lines.includes(path) || lines.includes(`/${path}`) || lines.includes(`${path}*`)
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return TOOLS.has(entry.name) ? [] : walk(root, path)
    return entry.isFile() ? [path] : []
  })
}
