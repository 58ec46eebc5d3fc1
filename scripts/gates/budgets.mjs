/**
 * What each entry of each package may cost, in scripts/gates/budgets.json: size, modules and bytes loaded by its import,
 * and exactly which packages that import loads. Reads dist/, so build first. A budget only tightens: by `--update`, which
 * a budget that has become loose demands. Growing needs a reason, which stays in the file.
 *
 *   node scripts/gates/budgets.mjs [--update [--because <reason>]] [--root <folder>]
 */
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runGate } from './gate.mjs'
import { importOf, sizeOf } from './measure.mjs'
import { entriesOf, publishedPackages, readJson } from './published.mjs'

/** Loaded by their entry alone, whatever the reason: they cost more than everything else together. */
const ONLY_IN = {
  '@opentelemetry/sdk-node': ['@ops/tracing/node-sdk'],
  '@sentry/node': [],
  'prom-client': [],
  '@prometheus-io/client': [],
}

const MEASURES = {
  size: 'bytes minified and compressed',
  modules: 'modules loaded by its import',
  bytes: 'bytes loaded by its import',
}

/** Room for a change that is not about size, and the point at which room has become slack. */
const ROOM = 1.15
const LOOSE = 1.5

const UPDATE = '`node scripts/gates/budgets.mjs --update` and commit it'
const GROW = 'make it smaller, or say why it must grow: `node scripts/gates/budgets.mjs --update --because "…"`'

await runGate(
  async ({ root, update, because }) => {
    const file = path.join(root, 'scripts', 'gates', 'budgets.json')
    const budgets = existsSync(file) ? readJson(file) : {}
    const measured = await measureAll(root)
    if (!update) return problemsOf(budgets, measured)
    const updated = Object.fromEntries(
      Object.entries(measured).map(([entry, is]) => [entry, tightened(budgets[entry], is, because)]),
    )
    writeFileSync(file, `${JSON.stringify(updated, null, 2)}\n`)
    return problemsOf(updated, measured)
  },
  { because: { type: 'string' } },
)

async function measureAll(root) {
  const measured = {}
  for (const { name, file } of publishedPackages(root).flatMap(entriesOf)) {
    const [size, imported] = await Promise.all([sizeOf(file, root), importOf(file, root)])
    measured[name] = { size, ...imported }
  }
  return measured
}

/** The budget after an update: tighter where there is slack, wider only for a reason, new for what is new. */
function tightened(budget, is, because) {
  if (budget === undefined) return { ...roomFor(is), loads: is.loads }
  const next = { ...budget, loads: budget.loads.filter((name) => is.loads.includes(name)) }
  const room = roomFor(is)
  for (const measure of Object.keys(MEASURES)) {
    if (is[measure] > budget[measure] && because !== undefined) next[measure] = room[measure]
    else next[measure] = Math.min(budget[measure], room[measure])
  }
  if (because === undefined || problemsOf({ is: budget }, { is }).every(isSlack)) return next
  return {
    ...next,
    loads: is.loads.filter((name) => budget.loads.includes(name) || ONLY_IN[name] === undefined),
    because,
  }
}

function roomFor(is) {
  return Object.fromEntries(Object.keys(MEASURES).map((measure) => [measure, Math.ceil(is[measure] * ROOM)]))
}

function problemsOf(budgets, measured) {
  const gone = Object.keys(budgets).filter((entry) => measured[entry] === undefined)
  return [
    ...gone.map((entry) => `${entry} has a budget but is no entry any more: run ${UPDATE}`),
    ...Object.entries(measured).flatMap(([entry, is]) =>
      budgets[entry] === undefined ? [`${entry} has no budget: run ${UPDATE}`] : compare(entry, budgets[entry], is),
    ),
  ]
}

function compare(entry, budget, is) {
  const problems = []
  for (const [measure, unit] of Object.entries(MEASURES)) {
    const numbers = `${entry}: ${is[measure]} ${unit}, budget ${budget[measure]}`
    if (is[measure] > budget[measure]) problems.push(`${numbers}: ${GROW}`)
    else if (isLoose(is[measure], budget[measure])) problems.push(`${numbers} is slack: run ${UPDATE}`)
  }
  const added = is.loads.filter((name) => !budget.loads.includes(name))
  const never = added.filter((name) => ONLY_IN[name] !== undefined && !ONLY_IN[name].includes(entry))
  const others = added.filter((name) => !never.includes(name))
  if (never.length > 0) {
    problems.push(`${entry}: importing it loads ${never.join(', ')}, which must wait until it is asked for`)
  }
  if (others.length > 0) {
    problems.push(`${entry}: importing it now loads ${others.join(', ')}: import() it where it is needed, or ${GROW}`)
  }
  return problems
}

/** Of few modules, one more is much. */
function isLoose(measured, budget) {
  return budget > Math.max(measured * LOOSE, Math.ceil(measured * ROOM))
}

function isSlack(problem) {
  return problem.includes('slack: run')
}
