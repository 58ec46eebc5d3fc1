/** Everything that must hold, in the order of running. A gate is a command that exits 0, or prints what breaks what. */

const turbo = (task) => ['turbo', 'run', task, '--continue', '--output-logs=errors-only', '--log-order=grouped']

/** Made first, alone: the others read what it builds. */
export const build = { name: 'build', command: turbo('build') }

/** Independent of each other. */
export const checks = [
  { name: 'typecheck', command: turbo('typecheck') },
  { name: 'typecheck-tests', command: ['tsc', '-p', 'test'] },
  { name: 'package-lint', command: turbo('lint:pkg') },
  { name: 'api-reports', command: ['node', 'scripts/gates/api-reports.mjs'] },
  {
    name: 'layers',
    command: ['depcruise', 'packages/*/src', '--config', '.dependency-cruiser.mjs', '--output-type', 'err-long'],
  },
  { name: 'manifests', command: ['node', 'scripts/gates/manifests.mjs'] },
  { name: 'budgets', command: ['node', 'scripts/gates/budgets.mjs'] },
  { name: 'licences', command: ['node', 'scripts/gates/licences.mjs'] },
  { name: 'bills-of-materials', command: ['node', 'scripts/gates/sbom.mjs'] },
  { name: 'cooldown', command: ['node', 'scripts/gates/cooldown.mjs'] },
  { name: 'unused', command: ['knip', '--no-progress', '--no-config-hints'] },
  { name: 'format-and-lint', command: ['biome', 'ci', '--colors=off', '--max-diagnostics=60'] },
]
