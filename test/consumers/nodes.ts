/** On which versions of Node the consumers run: the one that runs the tests, or those that `CONSUMER_NODES` names. */
import { nodeFolderOf } from '../../scripts/environment/node.mjs'

/** `[version, folder of its node]`, for `describe.each`. */
export function nodeFolders(): readonly (readonly [string, string])[] {
  const wanted = process.env['CONSUMER_NODES']?.split(',') ?? [process.versions.node]
  return wanted.map((version) => [version, nodeFolderOf(version)])
}
