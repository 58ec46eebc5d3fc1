/** The `ops` command without its process: arguments in, text and an exit code out. */
import { resolve } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { isOpsError } from '@ops/core'
import { generateArtefacts, PARTS, type Part } from './artefacts.ts'
import { UsageError } from './errors.ts'
import { explainSubject } from './explain.ts'
import { loadService } from './load-service.ts'
import { compareOutput, type FileReport, writeOutput } from './output.ts'
import { createSubject, type Subject } from './subject.ts'

/** Where text goes. */
export interface CliContext {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Colours a text where the output is a terminal. */
  readonly paint: (colour: 'green' | 'red' | 'yellow', text: string) => string
}

export const USAGE = `Usage: ops <command> [options]

  generate    write everything below
  env         .env.example and the registry of settings (configuration.md, configuration.json)
  alerts      Prometheus rules, their promtool tests, an Alertmanager example
  runbooks    a page for each alert; what stands between keep markers is kept
  dashboards  Grafana dashboards: health, each feature, what it depends on, business
  explain     print every value, its origin and why

  --service <module>   module whose default export is defineService({ … }) (default: src/ops.ts)
  --out <folder>       where files go (default: ops)
  --check              write nothing, exit 1 where files differ from the declaration
  --json               machine-readable output
  --help               this text

Exit codes: 0 fine, 1 a finding, 2 wrong usage or nothing to work on.
`

const OPTIONS = {
  service: { type: 'string', default: 'src/ops.ts' },
  out: { type: 'string', default: 'ops' },
  check: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options']

type Values = ReturnType<typeof parse>['values']

/** Runs the command. Resolves with the exit code, rejects never. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    const { values, positionals } = parse(args)
    const [command, ...rest] = positionals
    if (values.help || command === 'help') return print(context, USAGE)
    if (command === undefined) throw new UsageError('Cannot run ops: no command, expected one')
    const run = commandOf(command)
    if (rest.length > 0)
      throw new UsageError(`Cannot run ops ${command}: ${rest.join(' ')} is given, expected options only`)
    return await run(await subjectOf(values, context), values, context)
  } catch (error) {
    return fail(error, args, context)
  }
}

function parse(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`Cannot run ops: ${(error as Error).message}`)
  }
}

function commandOf(name: string): (subject: Subject, values: Values, context: CliContext) => number | Promise<number> {
  if (name === 'explain') return explain
  const parts = name === 'generate' ? PARTS : PARTS.filter((part) => part === name)
  if (parts.length > 0) return (subject, values, context) => generate(subject, parts, values, context)
  const known = ['generate', ...PARTS, 'explain'].join(', ')
  throw new UsageError(`Cannot run ops ${name}: there is no such command, expected one of ${known}`)
}

async function subjectOf({ service }: Values, { err, paint }: CliContext): Promise<Subject> {
  const { definition, operations } = await loadService(service)
  const subject = await createSubject(definition, operations)
  for (const name of subject.missing)
    err(`${paint('yellow', 'warning')} ${name} is not installed: the alerts on its metrics are left out\n`)
  return subject
}

async function generate(
  subject: Subject,
  parts: readonly Part[],
  { out, check, json }: Values,
  context: CliContext,
): Promise<number> {
  const reports = await compareOutput(resolve(out), generateArtefacts(subject, parts))
  if (!check) await writeOutput(resolve(out), reports)
  const differing = reports.filter(({ state }) => state !== 'same')
  const holds = check ? differing.length === 0 : true
  if (json) context.out(toJson({ ok: holds, files: reports.map(({ path, state }) => ({ path, state })) }))
  else if (check) reportDrift(differing, { out, context, total: reports.length })
  else reportWritten(differing, { out, context, total: reports.length })
  return holds ? 0 : 1
}

interface Told {
  readonly out: string
  readonly total: number
  readonly context: CliContext
}

function reportDrift(differing: readonly FileReport[], { out, total, context }: Told): void {
  for (const { path, state } of differing) context.err(`${context.paint('red', 'drift')} ${out}/${path}: ${state}\n`)
  if (differing.length === 0) context.out(`${context.paint('green', 'ok')} ${total} files are up to date\n`)
  else if (differing.some(({ state }) => state === 'left over'))
    context.err('Run ops generate and commit what it writes; delete what is left over\n')
  else context.err('Run ops generate and commit what it writes\n')
}

function reportWritten(differing: readonly FileReport[], { out, total, context }: Told): void {
  const leftOver = differing.filter(({ state }) => state === 'left over')
  const written = differing.length - leftOver.length
  for (const { path } of leftOver)
    context.err(`${context.paint('yellow', 'left over')} ${out}/${path}: delete it once its notes are moved\n`)
  context.out(`${context.paint('green', 'ok')} ${written} of ${total - leftOver.length} files written to ${out}\n`)
}

function explain(subject: Subject, { json }: Values, context: CliContext): number {
  const facts = explainSubject(subject)
  if (json) return print(context, toJson(facts))
  const lines = facts.map(({ name, value, origin, why }) => `${name} = ${value}\n  ${origin}: ${why}\n`)
  return print(context, lines.join(''))
}

function print(context: CliContext, text: string): 0 {
  context.out(text)
  return 0
}

function fail(error: unknown, args: readonly string[], { out, err, paint }: CliContext): number {
  const message = error instanceof Error ? error.message : String(error)
  if (args.includes('--json')) out(toJson({ ok: false, error: message }))
  else err(`${paint('red', 'error')} ${message}\n`)
  if (isOpsError(error, 'OPS_CLI_USAGE')) err('Run ops --help for commands and options\n')
  const isFinding =
    isOpsError(error, 'OPS_CLI_RUNBOOK_MARKERS') || error instanceof RangeError || error instanceof TypeError
  return isFinding ? 1 : 2
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
