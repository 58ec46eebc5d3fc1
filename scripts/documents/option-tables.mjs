/**
 * The options tables of the READMEs, written from the TSDoc of the interfaces they describe, so that neither can say what the
 * other does not. A README names the interface between two comments; what stands between them is replaced:
 *
 *   <!-- options CacheOptions: `createCache(options)` -->
 *   <!-- end -->
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { rowsOf } from './option-rows.mjs'

const MARKED = /^<!-- options (?<name>\w+)(?:: (?<title>.*))? -->\n[\s\S]*?^<!-- end -->$/gm

/** Text of a README with its tables written anew. @throws Error for an interface that is not there, or an option without a word. */
export function withOptionTables(readme, packageFolder) {
  const sources = sourcesOf(packageFolder)
  return readme.replace(MARKED, (marked, name, title = 'option') => {
    const [marker] = marked.split('\n', 1)
    const rows = rowsOf(name, sources)
    return [marker, ...table(title, rows), '<!-- end -->'].join('\n')
  })
}

/** Names of the interfaces whose tables a README has. */
export function documentedOptions(readme) {
  return [...readme.matchAll(MARKED)].map(({ groups }) => groups.name)
}

function table(title, rows) {
  const lines = rows.map(({ names, meaning, fallback }) => `| ${names} | ${meaning} | ${fallback} |`)
  return [`| ${title} | meaning | default |`, '| --- | --- | --- |', ...lines]
}

function sourcesOf(packageFolder) {
  const src = path.join(packageFolder, 'src')
  return readdirSync(src, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, text: readFileSync(path.join(src, file), 'utf8') }))
}
