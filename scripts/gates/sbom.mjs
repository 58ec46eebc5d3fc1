/**
 * A bill of materials (CycloneDX) for each package, as pnpm draws it from the lockfile and the installed manifests:
 * <out>/<package>.cdx.json. It must name every dependency, and for each its licence and the hash of its tarball.
 *
 *   node scripts/gates/sbom.mjs [--out <folder>] [--root <folder>]
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { runGate } from './gate.mjs'
import { publishedPackages, readJson } from './published.mjs'

const OPTIONS = ['--split', '--prod', '--exclude-peers', '--sbom-format', 'cyclonedx', '--sbom-spec-version', '1.6']

await runGate(
  ({ root, out = path.join(root, 'tmp', 'sbom') }) => {
    const folder = path.resolve(out)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const args = ['--config.verify-deps-before-run=false', '-r', '--filter', './packages/*', 'sbom', ...OPTIONS]
    execFileSync('pnpm', [...args, '--out', path.join(folder, '%s.cdx.json')], { cwd: root, stdio: 'pipe' })
    return publishedPackages(root).flatMap(({ manifest }) => problemsOf(manifest, folder))
  },
  { out: { type: 'string' } },
)

function problemsOf({ name, dependencies = {} }, folder) {
  const { components = [] } = readJson(path.join(folder, `${name.slice(1).replace('/', '-')}.cdx.json`))
  const listed = components.map((component) => ({ ...component, full: fullName(component) }))
  const missing = Object.keys(dependencies).filter((wanted) => !listed.some(({ full }) => full === wanted))
  const others = listed.filter(({ group }) => group !== '@ops')
  return [
    ...missing.map((wanted) => `${name}: its bill of materials does not name ${wanted}`),
    ...others
      .filter(({ licenses = [] }) => licenses.length === 0)
      .map(({ full }) => `${name}: its bill of materials has no licence of ${full}, expected one in its package.json`),
    ...others
      .filter(({ externalReferences = [] }) => !externalReferences.some(({ hashes = [] }) => hashes.length > 0))
      .map(({ full }) => `${name}: its bill of materials has no hash of ${full}, expected a package of a registry`),
  ]
}

function fullName({ group, name }) {
  return group ? `${group}/${name}` : name
}
