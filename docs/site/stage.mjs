/**
 * Lays the repository's Markdown out as the site's pages, in `tmp/`. Links between documents stay; links to code become the
 * path as text, since the site has no code; a link to what is not in the repository is an error.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const site = import.meta.dirname
const root = path.join(site, '..', '..')
const staged = path.join(site, 'tmp', 'pages')

/** Stages all pages. @returns the links that lead nowhere, as `file: link` */
export function stage() {
  rmSync(staged, { recursive: true, force: true })
  const sources = sourcesOf()
  const dead = sources.flatMap((source) => stagePage(source, new Set(sources)))
  writeIndex('packages', 'Packages', sources)
  writeIndex('docs/adr', 'Decisions', sources)
  writeFileSync(path.join(staged, 'sidebar.mjs'), `export const sidebar = ${JSON.stringify(sidebarOf(sources))}\n`)
  return dead
}

/** Every document of the site, as a path from the root. */
function sourcesOf() {
  const packages = foldersOf('packages').flatMap((name) =>
    ['README.md', 'CHANGELOG.md'].map((file) => `packages/${name}/${file}`),
  )
  const folder = (name) =>
    readdirSync(path.join(root, name))
      .filter((file) => file.endsWith('.md'))
      .sort()
      .map((file) => `${name}/${file}`)
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'docs/must-withstand.md',
    'docs/release.md',
    'bench/README.md',
  ]
  return [...documents, ...packages, ...folder('docs/guides'), ...folder('docs/adr')].filter((file) =>
    existsSync(path.join(root, file)),
  )
}

function foldersOf(folder) {
  return readdirSync(path.join(root, folder)).filter((name) => statSync(path.join(root, folder, name)).isDirectory())
}

/** `README.md` is the page of its folder. */
function pageOf(source) {
  return source.replace(/README\.md$/, 'index.md')
}

function stagePage(source, sources) {
  const dead = []
  const text = withoutCode(readFileSync(path.join(root, source), 'utf8'), (prose) =>
    escapeTemplates(
      prose.replace(/(!?)\[((?:[^\]`]|`[^`]*`)*)\]\(([^)\s]+)\)/g, (link, image, label, target) => {
        if (/^(?:https?:|mailto:|#)/.test(target)) return link
        const [file, anchor = ''] = target.split(/(?=#)/)
        const wanted = path.posix.normalize(path.posix.join(path.posix.dirname(source), file))
        if (!existsSync(path.join(root, wanted))) dead.push(`${source}: ${target}`)
        const page = [wanted, `${wanted.replace(/\/$/, '')}/README.md`].find((candidate) => sources.has(candidate))
        if (page === undefined) return image ? link : label.includes('`') ? label : `\`${label}\``
        return `[${label}](/${pageOf(page).replace(/(?:index)?\.md$/, '')}${anchor})`
      }),
    ),
  )
  const target = path.join(staged, pageOf(source))
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, text)
  return dead
}

/** Applies a change to what is no code. */
function withoutCode(markdown, change) {
  return markdown
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, at) => (at % 2 === 0 ? change(part) : part))
    .join('')
}

/** Double braces and angle brackets are templates to the site's renderer, even in inline code. */
function escapeTemplates(prose) {
  return prose.replace(/\{\{/g, '&#123;&#123;')
}

function writeIndex(folder, title, sources) {
  const target = path.join(staged, folder, 'index.md')
  if (existsSync(target)) return
  const pages = sources.filter((source) => source.startsWith(`${folder}/`) && !source.endsWith('CHANGELOG.md'))
  const lines = pages.map((source) => `- [${titleOf(source)}](/${pageOf(source).replace(/(?:index)?\.md$/, '')})`)
  writeFileSync(target, `# ${title}\n\n${lines.join('\n')}\n`)
}

function titleOf(source) {
  return /^# (.+)$/m.exec(readFileSync(path.join(root, source), 'utf8'))?.[1] ?? source
}

function sidebarOf(sources) {
  const group = (text, folder) => ({
    text,
    items: sources
      .filter((source) => source.startsWith(folder) && !source.endsWith('CHANGELOG.md'))
      .map((source) => ({ text: titleOf(source), link: `/${pageOf(source).replace(/(?:index)?\.md$/, '')}` })),
  })
  return [group('Guides', 'docs/guides/'), group('Packages', 'packages/'), group('Decisions', 'docs/adr/')]
}
