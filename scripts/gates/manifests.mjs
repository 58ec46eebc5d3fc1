/**
 * What a published package says about itself. Where it lives is written once, as `repository` of the root package.json;
 * `--update` writes what follows from it into every package.
 *
 *   node scripts/gates/manifests.mjs [--update] [--root <folder>]
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { runGate } from './gate.mjs'
import { publishedPackages, readJson } from './published.mjs'

const FILES = ['dist', 'README.md', 'CHANGELOG.md']
const LEAST_KEYWORDS = 3

/** Whoever packs it: nothing stale leaves, and nothing is missing. */
const PREPACK = 'node ../../scripts/prepack.mjs'

/** For resolving to sources in this repository; nobody else has them. */
const SOURCE_CONDITION = '@ops/source'

await runGate(({ root, update }) => {
  const source = repositoryOf(readJson(path.join(root, 'package.json')))
  const packages = publishedPackages(root)
  if (update) for (const one of packages) write(one, source)
  return packages.flatMap((one) => problemsOf(one, source))
})

function repositoryOf({ repository, license }) {
  const page = repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
  return { url: repository.url, page, license }
}

/** What every manifest says, and can be derived. */
function derived({ folder, manifest }, { url, page, license }) {
  const directory = `packages/${folder}`
  return {
    license,
    repository: { type: 'git', url, directory },
    homepage: `${page}/tree/main/${directory}#readme`,
    bugs: `${page}/issues`,
    files: [...new Set([...FILES, ...(manifest.files ?? [])])],
    scripts: { ...manifest.scripts, prepack: PREPACK },
    publishConfig: { access: 'public', provenance: true, exports: withoutSource(manifest.exports) },
  }
}

function withoutSource(exports) {
  return Object.fromEntries(
    Object.entries(exports).map(([entry, target]) => {
      if (typeof target === 'string') return [entry, target]
      const { [SOURCE_CONDITION]: _, ...published } = target
      return [entry, published]
    }),
  )
}

function problemsOf(one, source) {
  const { folder, manifest } = one
  const wrong = Object.entries(derived(one, source))
    .filter(([field, value]) => !isDeepStrictEqual(manifest[field], value))
    .map(
      ([field]) => `its ${field} is not what follows from the rest: run \`node scripts/gates/manifests.mjs --update\``,
    )
  const { keywords = [], description = '', engines = {}, type } = manifest
  if (new Set(keywords).size < LEAST_KEYWORDS) wrong.push(`expected at least ${LEAST_KEYWORDS} keywords`)
  if (description.length < 20) wrong.push('expected a description of one sentence')
  if (engines.node === undefined) wrong.push('expected engines.node')
  if (type !== 'module') wrong.push('expected "type": "module" (docs/adr/0001)')
  if (Object.hasOwn(manifest, 'main')) wrong.push('expected exports and no main')
  for (const [name, range] of internalRanges(manifest)) {
    if (range !== 'workspace:^')
      wrong.push(`${name} is ${range}, expected workspace:^ (all packages share one version)`)
  }
  return wrong.map((sentence) => `packages/${folder}/package.json: ${sentence}`)
}

function internalRanges({ dependencies, peerDependencies, devDependencies }) {
  return [dependencies, peerDependencies, devDependencies].flatMap((group = {}) =>
    Object.entries(group).filter(([name]) => name.startsWith('@ops/')),
  )
}

/** Keeps the order of fields as it is and puts new ones behind the licence, where people look for them. */
function write(one, source) {
  const wanted = derived(one, source)
  const { name, version, description, keywords, license, ...rest } = one.manifest
  const { repository, homepage, bugs, ...others } = wanted
  one.manifest = {
    name,
    version,
    description,
    ...(keywords === undefined ? {} : { keywords }),
    license: license ?? others.license,
    homepage,
    bugs,
    repository,
    ...without(rest, ['repository', 'homepage', 'bugs']),
  }
  Object.assign(one.manifest, { ...others })
  writeFileSync(one.file, `${JSON.stringify(one.manifest, null, 2)}\n`)
}

function without(object, names) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}
