/**
 * Which package may import which: the one table behind the dependency gate, the architecture tests and ARCHITECTURE.md.
 * Arrows point down, and feature packages (signals, work) never know each other: they meet through core's ports.
 */

const FOUNDATION = ['core', 'ops-port']
const SIGNALS = ['config', 'logger', 'metrics', 'tracing', 'health', 'sentry', 'redis']
const WORK = ['cache', 'queue', 'db', 'resilience', 'flags']
const ADAPTERS = ['express', 'fastify', 'nestjs']

/** Package folders by layer, lowest first, each with the folders that its packages may import. */
export const layers = [
  { name: 'core', packages: ['core'], mayImport: [] },
  { name: 'ops port', packages: ['ops-port'], mayImport: ['core'] },
  { name: 'testing', packages: ['testing'], mayImport: ['core'] },
  { name: 'signals', packages: SIGNALS, mayImport: FOUNDATION },
  { name: 'work', packages: WORK, mayImport: FOUNDATION },
  { name: 'http', packages: ['http'], mayImport: FOUNDATION },
  { name: 'adapters', packages: ADAPTERS, mayImport: [...FOUNDATION, 'http'] },
  { name: 'wiring', packages: ['service'], mayImport: [...FOUNDATION, ...SIGNALS, ...WORK, 'http', ...ADAPTERS] },
  { name: 'tools', packages: ['cli'], mayImport: [...FOUNDATION, ...SIGNALS, ...WORK, 'http', 'service'] },
]

/** The layer of a package folder; undefined for one that nobody has placed yet. */
export function layerOf(packageFolder) {
  return layers.find((layer) => layer.packages.includes(packageFolder))
}
