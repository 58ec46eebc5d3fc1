/** On which versions of Node the consumers run, and who installs for them. */
import { nodeFolderOf } from '../../scripts/environment/node.mjs'

/** What `engines.node` of the packages begins with. */
const OLDEST = '22.15.0'
/** The newest major that is supported. */
const NEWEST = '26'

/** `[version, folder of its node]` of the Node that runs the tests. */
export const ownNode: readonly [string, string] = [process.versions.node, nodeFolderOf(process.versions.node)]

/** `[version, folder of its node]`, for `describe.each`: the oldest, ours and the newest, or those that `CONSUMER_NODES` names. */
export function nodeFolders(): readonly (readonly [string, string])[] {
  const others = [OLDEST, NEWEST].filter((version) => !`${ownNode[0]}.`.startsWith(`${version}.`))
  const wanted = process.env['CONSUMER_NODES']?.split(',') ?? [ownNode[0], ...others]
  return wanted.map((version) => [version, nodeFolderOf(version)])
}

const QUIET = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']

/** How each package manager installs, without what only people read. */
export const INSTALL: Readonly<Record<'npm' | 'pnpm', readonly string[]>> = {
  npm: ['install', ...QUIET, '--prefer-offline'],
  pnpm: ['install', '--prefer-offline', '--reporter=append-only'],
}

/** A package reaches what its own manifest names and nothing else; pnpm is told so in its workspace file. */
export const ISOLATED: Readonly<Record<'npm' | 'pnpm', readonly string[]>> = {
  npm: [...INSTALL.npm, '--install-strategy=linked'],
  pnpm: INSTALL.pnpm,
}
