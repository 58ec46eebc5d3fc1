/**
 * Under which licences stands what our users install with us, and what we work with. The first list is what a company
 * accepts without asking its lawyers; the second adds what binds only whoever passes the work on.
 *
 *   node scripts/gates/licences.mjs [--report] [--root <folder>]
 */
import { execFileSync } from 'node:child_process'
import process from 'node:process'
import { runGate } from './gate.mjs'

const PERMISSIVE = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'CC0-1.0']
const FOR_TOOLS = [
  ...PERMISSIVE,
  'MIT-0',
  'MPL-2.0',
  'CC-BY-3.0',
  'CC-BY-4.0',
  'Python-2.0',
  'Unlicense',
  'WTFPL',
  'Zlib',
]

/** Packages under another licence, each with the reason why it may stay. */
const EXCEPTIONS = {
  sentry: 'FSL-1.1-Apache-2.0: the command line that @sentry/node brings along, an optional peer that users choose',
}

await runGate(
  ({ root, report }) => {
    const groups = [
      {
        what: 'Installed with our packages',
        allowed: PERMISSIVE,
        packages: licensed(root, ['--filter', './packages/*', '--prod']),
      },
      { what: 'Used to build and test', allowed: FOR_TOOLS, packages: licensed(root, ['--dev']) },
    ]
    if (report) for (const group of groups) print(group)
    return groups.flatMap(problemsOf)
  },
  { report: { type: 'boolean', default: false } },
)

/** `{ name, versions, license }` of what is installed, by name. */
function licensed(root, filter) {
  const args = ['--config.verify-deps-before-run=false', '-r', ...filter, 'licenses', 'list', '--json']
  const listed = execFileSync('pnpm', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return Object.values(listed.trim().startsWith('{') ? JSON.parse(listed) : {})
    .flat()
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function problemsOf({ what, allowed, packages }) {
  return packages
    .filter(({ name, license }) => !Object.hasOwn(EXCEPTIONS, name) && !isAllowed(license, allowed))
    .map(
      ({ name, versions, license }) =>
        `${name}@${versions.join()} is under ${license}. ${what}, expected one of ${allowed.join(', ')}: choose another package, or list it in scripts/gates/licences.mjs with a reason`,
    )
}

/** One alternative of `A OR B` is enough; of `A AND B` all must be allowed. */
function isAllowed(expression, allowed) {
  return expression
    .replace(/[()]/g, '')
    .split(/\s+OR\s+/i)
    .some((alternative) => alternative.split(/\s+AND\s+/i).every((licence) => allowed.includes(licence.trim())))
}

function print({ what, packages }) {
  process.stdout.write(`## ${what}: ${packages.length}\n\n`)
  for (const [licence, names] of Object.entries(Object.groupBy(packages, ({ license }) => license))) {
    process.stdout.write(`- ${licence} (${names.length}): ${names.map(({ name }) => name).join(', ')}\n`)
  }
  process.stdout.write('\n')
}
