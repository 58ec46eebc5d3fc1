/**
 * Publishes every package whose version is not in the registry yet, with provenance, and then tags all. Refuses to begin where that
 * cannot end well. To be run again when it was interrupted: what is published already is left alone. See docs/release.md.
 *
 *   npm run release [-- --without-provenance] [--tag <other than latest>]
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { Failure, giveUp } from './environment/failure.mjs'
import { root } from './environment/paths.mjs'
import { attach, capture } from './environment/run.mjs'
import { environmentWith } from './environment/variables.mjs'

const OPTIONS = { 'without-provenance': { type: 'boolean', default: false }, tag: { type: 'string' } }

/** Hosts that stand for "not decided yet" (RFC 2606). */
const PLACEHOLDER = /[/.]example\.(?:com|org|net)\//

async function main(args) {
  const { values } = parseArgs({ args, options: OPTIONS })
  assertVersioned()
  assertAddressed()
  assertIdentified()
  const env = publishEnvironment(!values['without-provenance'])
  const tag = values.tag === undefined ? [] : ['--tag', values.tag]
  const published = await attach('changeset', ['publish', '--no-git-tag', ...tag], { env })
  // Once all of it is there: an interrupted run leaves no tag of a release that is not whole, and a later one misses none.
  return published === 0 ? attach('changeset', ['tag'], { env }) : published
}

function assertVersioned() {
  const pending = readdirSync(path.join(root, '.changeset')).filter((file) => file.endsWith('.md'))
  if (pending.length > 0) {
    throw new Failure(
      `Cannot release: ${pending.length} changesets are in no version yet, expected \`npm run version\` and its commit`,
    )
  }
}

function assertAddressed() {
  const { repository } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  if (PLACEHOLDER.test(repository.url)) {
    throw new Failure(
      `Cannot release: the repository is ${repository.url}, expected its real address (docs/release.md, before the first release)`,
    )
  }
}

/** Asked before anything is published: a tag carries who made it, and changesets says nothing when git refuses to make one. */
function assertIdentified() {
  const { status } = capture('git', ['var', 'GIT_COMMITTER_IDENT'])
  if (status === 0) return
  throw new Failure(
    'Cannot release: git does not know who tags, expected user.name and user.email in its configuration',
  )
}

/** pnpm does not heed `publishConfig.provenance`: told here, it fails instead of publishing without. */
function publishEnvironment(withProvenance) {
  const env = environmentWith([])
  if (!withProvenance) return env
  if (!env.ACTIONS_ID_TOKEN_REQUEST_URL && !env.SIGSTORE_ID_TOKEN) {
    throw new Failure(
      'Cannot release with provenance: there is no OIDC token here, expected the release workflow, or --without-provenance',
    )
  }
  return { ...env, pnpm_config_provenance: 'true' }
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, giveUp)
