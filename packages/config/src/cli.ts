/** The `ops-config` command without its process: arguments in, text and an exit code out. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { isOpsError } from '@ops/core'
import { parseDotenv } from './dotenv.ts'
import type { ConfigInvalidError } from './errors.ts'
import { envExample } from './example-file.ts'
import { plainText } from './grammar.ts'
import { loadConfig } from './load.ts'
import type { LoadConfigOptions } from './options.ts'
import { compareEnvironments } from './parity.ts'
import { type ConfigProblem, problemLine } from './problem.ts'
import { configRegistry } from './registry.ts'
import type { ConfigShape } from './setting.ts'

/** What the command runs against. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Colours a text where the output is a terminal. */
  readonly paint: (colour: 'green' | 'red' | 'yellow', text: string) => string
}

export const USAGE = `Usage: ops-config <command> --settings <module> [options]

  check                 read and check the configuration
  example               print .env.example; --check <file> fails when it has drifted, --write <file> writes it
  registry              print the registry as Markdown, or as JSON with --json
  explain <KEY…>        say where values come from
  diff <a> <b>          compare two environments (.env, YAML, JSON or TOML file, or mounted directory)

  --settings <module>   module that exports the settings; --export <name> says which export (default: settings)
  --file <path>         configuration file, repeatable       --mount <dir>   mounted directory, repeatable
  --dotenv <path>       .env file                            --ignore <NAME> undeclared name to accept, repeatable
  --json                machine-readable output

Exit codes: 0 fine, 1 a problem was found, 2 wrong usage.
`

const OPTIONS = {
  settings: { type: 'string' },
  export: { type: 'string', default: 'settings' },
  file: { type: 'string', multiple: true },
  mount: { type: 'string', multiple: true },
  ignore: { type: 'string', multiple: true },
  dotenv: { type: 'string' },
  check: { type: 'string' },
  write: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options']

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>['values']
interface Call {
  readonly settings: ConfigShape
  readonly values: Values
  readonly names: readonly string[]
  readonly context: CliContext
}

class UsageFault extends Error {}

const COMMANDS: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  check: runCheck,
  example: runExample,
  registry: async ({ settings, values, context }) => {
    const registry = configRegistry(settings)
    context.out(values.json ? json(registry.entries) : registry.toMarkdown())
    return 0
  },
  explain: runExplain,
  diff: runDiff,
}

/** Runs the command. Resolves with the exit code, rejects never. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    const { values, positionals } = parse(args)
    if (values.help) {
      context.out(USAGE)
      return 0
    }
    const [name = '', ...names] = positionals
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (command === undefined) throw new UsageFault(`unknown command ${JSON.stringify(name)}`)
    return await command({ settings: await loadSettings(values), values, names, context })
  } catch (error) {
    if (isOpsError(error, 'OPS_CONFIG_INVALID'))
      return report((error as ConfigInvalidError).problems, { args, context })
    context.err(`ops-config: ${error instanceof UsageFault ? error.message : 'failed'}\n`)
    context.err(
      error instanceof UsageFault ? `\n${USAGE}` : `${(error as Error)?.name}: ${(error as Error)?.message}\n`,
    )
    return 2
  }
}

function parse(args: readonly string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageFault((error as Error).message)
  }
}

async function loadSettings({ settings, export: name }: Values): Promise<ConfigShape> {
  if (settings === undefined) throw new UsageFault('--settings is missing')
  let module: Record<string, unknown>
  try {
    module = await import(pathToFileURL(resolve(settings)).href)
  } catch (error) {
    throw new UsageFault(`cannot load ${settings} (${(error as Error)?.name}: ${(error as Error)?.message})`)
  }
  const found = module[name] as Record<string, { sensitive?: unknown }> | undefined
  const isShape =
    typeof found === 'object' && Object.values(found).every((each) => typeof each?.sensitive === 'boolean')
  if (!isShape) throw new UsageFault(`${settings} exports no settings as ${name}`)
  return found as unknown as ConfigShape
}

function sources({ file, mount, dotenv, ignore }: Values, env: CliContext['env']): LoadConfigOptions {
  return {
    env,
    files: file ?? [],
    mounts: mount ?? [],
    ignore: ignore ?? [],
    ...(dotenv === undefined ? {} : { dotenv }),
  }
}

async function runCheck({ settings, values, context }: Call): Promise<number> {
  const config = await loadConfig(settings, sources(values, context.env))
  const { hash } = config.status()
  const count = Object.keys(settings).length
  context.out(
    values.json
      ? json({ ok: true, settings: count, hash, problems: [] })
      : `${context.paint('green', 'ok')} ${count} settings, hash ${hash}\n`,
  )
  return 0
}

function report(
  problems: readonly ConfigProblem[],
  { args, context }: { readonly args: readonly string[]; readonly context: CliContext },
): number {
  if (args.includes('--json')) context.out(json({ ok: false, problems }))
  else for (const problem of problems) context.err(`${context.paint('red', 'error')} ${problemLine(problem)}\n`)
  return 1
}

async function runExample({ settings, values, context }: Call): Promise<number> {
  const text = envExample(settings)
  if (values.write !== undefined) await writeFile(values.write, text)
  else if (values.check === undefined) context.out(text)
  if (values.check === undefined) return 0
  const found = await readFile(values.check, 'utf8').catch(() => undefined)
  if (found === text) return 0
  const state = found === undefined ? 'does not exist' : 'has drifted from the declared settings'
  context.err(
    `${context.paint('red', 'error')} ${values.check} ${state}: run ops-config example --write ${values.check}\n`,
  )
  return 1
}

async function runExplain({ settings, values, names, context }: Call): Promise<number> {
  const stranger = names.find((name) => !Object.hasOwn(settings, name))
  if (names.length === 0 || stranger !== undefined)
    throw new UsageFault(`explain takes declared names${stranger === undefined ? '' : `, not ${stranger}`}`)
  const config = await loadConfig(settings, sources(values, context.env))
  const found = names.map((name) => config.explain(name))
  if (values.json) context.out(json(found))
  else
    for (const { key, value, origin, layer, shadowed, description, reload } of found) {
      context.out(
        `${key} = ${value === undefined ? 'not set' : plainText(value)}\n  ${description}\n  from ${layer}: ${origin}; reload: ${reload}\n`,
      )
      for (const loser of shadowed)
        context.out(`  ${context.paint('yellow', 'shadows')} ${loser.layer}: ${loser.origin}\n`)
    }
  return 0
}

async function runDiff({ settings, values, names, context }: Call): Promise<number> {
  const [a, b, ...rest] = names
  if (a === undefined || b === undefined || rest.length > 0) throw new UsageFault('diff takes two environments')
  const report = await compareEnvironments(settings, await environment(a, values), await environment(b, values))
  if (values.json) context.out(json(report))
  else {
    for (const problem of report.problems) context.err(`${context.paint('red', 'error')} ${problemLine(problem)}\n`)
    for (const { key, allowed, a: first = 'not set', b: second = 'not set' } of report.differences) {
      const verdict = allowed === undefined ? context.paint('red', 'drift') : context.paint('green', allowed)
      context.out(`${verdict} ${key}: ${first} | ${second}\n`)
    }
  }
  return report.holds ? 0 : 1
}

/** An environment on disk: a directory is a mount, a known ending a file, anything else `.env` text. */
async function environment(path: string, { ignore = [] }: Values): Promise<LoadConfigOptions> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new UsageFault(`cannot read environment ${path}`)
  if (found.isDirectory()) return { env: {}, mounts: [path], ignore }
  if (['.yaml', '.yml', '.json', '.toml'].includes(extname(path))) return { env: {}, files: [path], ignore }
  const { values, problems } = parseDotenv(await readFile(path, 'utf8'))
  if (problems[0] !== undefined) throw new UsageFault(`${path}:${problems[0].line} ${problems[0].message}`)
  return { env: Object.fromEntries([...values].map(([name, { text }]) => [name, text])), ignore }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each), 2)}\n`
}
