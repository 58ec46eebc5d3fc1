/**
 * How a changeset becomes a line of a changelog (`changelog` in .changeset/config.json). All packages share one version, so a
 * package that only moved along gets one line, not one for each commit and sibling.
 */

/** The sentence for users, with the commit that has the rest. */
export async function getReleaseLine({ summary, commit }) {
  const [first, ...rest] = summary.trim().split('\n')
  const lines = [`- ${first}${commit === undefined ? '' : ` (${commit.slice(0, 7)})`}`]
  return [...lines, ...rest.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')
}

/** The siblings it builds on. */
export async function getDependencyReleaseLine(_changesets, dependencies) {
  const [one] = dependencies
  if (one === undefined) return ''
  const names = dependencies.map(({ name }) => name).sort()
  return `- Goes with ${one.newVersion} of ${names.join(', ')}.`
}
