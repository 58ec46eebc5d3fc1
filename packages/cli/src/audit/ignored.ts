/** What a .dockerignore leaves out of the build, by its own rules: the last line that fits decides. */

/** Whether a path, or a folder above it, is left out. */
export function isLeftOut(ignore: string, path: string): boolean {
  const parts = path.split('/')
  const prefixes = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
  const lines = ignore.split('\n').map((line) => line.trim())
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .reduce((isOut, line) => {
      const isException = line.startsWith('!')
      const pattern = patternOf(isException ? line.slice(1) : line)
      return prefixes.some((prefix) => pattern.test(prefix)) ? !isException : isOut
    }, false)
}

function patternOf(line: string): RegExp {
  const clean = line
    .trim()
    .replace(/^\.?\/+/, '')
    .replace(/\/+$/, '')
  const source = clean
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => SPECIAL[part] ?? part.replace(/[.+^$()|{}\\]/g, '\\$&'))
    .join('')
  return new RegExp(`^${source}$`)
}

const SPECIAL: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }
