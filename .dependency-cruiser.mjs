/** Direction and cycles between files, type imports included. Whose turn it is to import whom stands in scripts/gates/layers.mjs. */
import { layers } from './scripts/gates/layers.mjs'

const oneRuleAPackage = layers.flatMap(({ name, packages, mayImport }) =>
  packages.map((folder) => ({
    name: `layer-of-${folder}`,
    comment: `${folder} (${name}) may import ${mayImport.length === 0 ? 'no other package' : mayImport.join(', ')}: scripts/gates/layers.mjs`,
    severity: 'error',
    from: { path: `^packages/${folder}/src/` },
    to: { path: '^packages/', pathNot: `^packages/(${[folder, ...mayImport].join('|')})/src/` },
  })),
)

export default {
  forbidden: [
    ...oneRuleAPackage,
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one idea, or hide a third',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-depends-on-nothing',
      comment: 'The waist stays narrow: @opentelemetry/api and Node alone',
      severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { dependencyTypesNot: ['local', 'core'], pathNot: 'node_modules/@opentelemetry/api/' },
    },
    {
      name: 'no-tests-in-source',
      comment: 'What is published never reaches into tests or scripts',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: ['^packages/[^/]+/test/', '^(test|scripts|bench|examples)/'] },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere hides from every other rule',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/', '/test/'] },
    exclude: { path: ['/dist/', '/coverage/'] },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@ops/source', 'types', 'import', 'node', 'default'],
    },
  },
}
