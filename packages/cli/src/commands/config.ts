/** `ops config …`: the settings of an environment, and whether they will do, before a deployment or while it runs. */
import type { ConfigProblem } from '@ops/config'
import { type CliContext, type Command, defineCommand, SERVICE_OPTION, toJson } from '../command/command.ts'
import { meantHint } from '../command/did-you-mean.ts'
import { columns } from '../command/help.ts'
import type { Comparison, Difference } from '../config/comparison.ts'
import { ENVIRONMENT_HELP, openEnvironment, SOURCE_OPTIONS } from '../config/environment.ts'
import type { EnvironmentReading, SettingReading } from '../config/reading.ts'
import { UsageError } from '../errors.ts'
import { openSubject } from './open-subject.ts'

const OPTIONS = { ...SERVICE_OPTION, ...SOURCE_OPTIONS } as const

const show = defineCommand({
  words: ['config', 'show'],
  operands: '[environment]',
  arity: [0, 1],
  summary: 'every setting: its value (secrets masked), where it comes from, when a change takes effect',
  details: ENVIRONMENT_HELP,
  options: OPTIONS,
  async run({ values, operands: [given], context }) {
    const { settings } = await openSubject(values.service, context)
    const environment = await openEnvironment(given, { ...values, env: context.env })
    const { readEnvironment } = await import('../config/reading.ts')
    const reading = await readEnvironment(settings, environment)
    const ok = reading.problems.length === 0
    if (values.json) context.out(toJson({ ok, ...reading }))
    else {
      context.out(`${columns([['NAME', 'VALUE', 'RELOAD', 'FROM'], ...rowsOf(reading)])}\n`)
      reportProblems(reading.problems, context)
    }
    return ok ? 0 : 1
  },
})

const explain = defineCommand({
  words: ['config', 'explain'],
  operands: '<NAME…>',
  arity: [1, Number.POSITIVE_INFINITY],
  summary: 'what a setting is, where its value comes from and which layers lost against it',
  details: ENVIRONMENT_HELP,
  options: {
    ...OPTIONS,
    from: { type: 'string', value: 'environment', help: 'where to read it', default: 'env' },
  },
  async run({ values, operands: names, context }) {
    const { settings } = await openSubject(values.service, context)
    for (const name of names) assertSetting('explain', name, Object.keys(settings))
    const environment = await openEnvironment(values.from, { ...values, env: context.env })
    const { readEnvironment } = await import('../config/reading.ts')
    const reading = await readEnvironment(settings, environment)
    const asked = reading.settings.filter(({ name }) => names.includes(name))
    const problems = reading.problems.filter(({ key }) => names.includes(key))
    if (values.json) context.out(toJson({ ok: problems.length === 0, settings: asked, problems }))
    else {
      for (const setting of asked) context.out(explanation(setting))
      reportProblems(problems, context)
    }
    return problems.length === 0 ? 0 : 1
  },
})

const check = defineCommand({
  words: ['config', 'check'],
  operands: '[environment]',
  arity: [0, 1],
  summary: 'whether a start in an environment would succeed; of a running service, whether it runs what it was given',
  details: `${ENVIRONMENT_HELP}

Every missing, unknown, misspelt and unfitting name is listed at once, and no value.`,
  options: {
    ...OPTIONS,
    'without-secrets': { type: 'boolean', help: 'secrets may be missing: they are seldom where a pipeline runs' },
  },
  async run({ values, operands: [given], context }) {
    const { settings } = await openSubject(values.service, context)
    const environment = await openEnvironment(given, { ...values, env: context.env })
    const { checkEnvironment } = await import('../config/check.ts')
    const report = await checkEnvironment(settings, environment, { withoutSecrets: values['without-secrets'] })
    if (values.json) context.out(toJson({ ok: report.problems.length === 0, ...report }))
    else if (report.problems.length > 0) reportProblems(report.problems, context)
    else
      context.out(`${context.paint('green', 'ok')} ${report.name}: ${report.settings} settings, hash ${report.hash}\n`)
    return report.problems.length === 0 ? 0 : 1
  },
})

const diff = comparison('diff', {
  summary: 'every difference of two environments; exits 1 when there is one',
  isFinding: () => true,
})

const parity = comparison('parity', {
  summary: 'differences of two environments beyond endpoints, secrets and capacity; exits 1 when there is one',
  isFinding: ({ kind }) => kind === 'drift',
})

/** The commands on settings. */
export const configCommands: readonly Command[] = [show, explain, check, diff, parity]

function comparison(
  word: string,
  { summary, isFinding }: { summary: string; isFinding: (difference: Difference) => boolean },
): Command {
  return defineCommand({
    words: ['config', word],
    operands: '<a> <b>',
    arity: [2, 2],
    summary,
    details: `${ENVIRONMENT_HELP}

Of secrets only whether they are set is compared. What may differ is declared: setting(…, { varies: 'endpoint' | 'capacity' }).
SERVICE_ENV, SERVICE_VERSION and SERVICE_COMMIT name an environment and a build: they may differ too.`,
    options: {
      ...OPTIONS,
      allow: { type: 'string', value: 'NAME', multiple: true, help: 'setting that may differ between these two' },
    },
    async run({ values, operands: [a, b], context }) {
      const { settings } = await openSubject(values.service, context)
      for (const name of values.allow) assertSetting('allow', name, Object.keys(settings))
      const underneath = { ...values, env: context.env }
      const sides = [await openEnvironment(a, underneath), await openEnvironment(b, underneath)] as const
      const { compareReadings } = await import('../config/comparison.ts')
      const found = await compareReadings(settings, sides, values.allow)
      const differences = found.differences.filter(isFinding)
      const ok = differences.length === 0 && found.problems.length === 0
      const names = [sides[0].name, sides[1].name] as const
      if (values.json) context.out(toJson({ ok, a: names[0], b: names[1], differences, problems: found.problems }))
      else reportDifferences(differences, { names, found, context })
      return ok ? 0 : 1
    },
  })
}

function reportDifferences(
  differences: readonly Difference[],
  { names, found, context }: { names: readonly [string, string]; found: Comparison; context: CliContext },
): void {
  reportProblems(found.problems, context)
  if (differences.length > 0) {
    const rows = differences.map(({ name, kind, a, b }) => [name, kind, a ?? 'not set', b ?? 'not set'])
    context.out(`${columns([['NAME', 'KIND', ...names], ...rows])}\n`)
  } else if (found.problems.length === 0) {
    const others = found.differences
    const kinds = [...new Set(others.map(({ kind }) => kind))].join(', ')
    const rest =
      others.length === 0 ? 'nothing differs' : `only what may differ does: ${others.length} settings (${kinds})`
    context.out(`${context.paint('green', 'ok')} ${rest}\n`)
  }
}

function reportProblems(problems: readonly ConfigProblem[], { err, paint }: CliContext): void {
  for (const { key, message, origin } of problems)
    err(`${paint('red', 'error')} ${key}: ${message}${origin === undefined ? '' : ` (at ${origin})`}\n`)
}

function rowsOf({ settings, problems }: EnvironmentReading): readonly (readonly string[])[] {
  const wrong = new Set(problems.filter(({ reason }) => reason !== 'missing').map(({ key }) => key))
  return settings.map(({ name, value, layer, origin, reload, required, pendingRestart }) => {
    const absent = wrong.has(name) ? 'INVALID' : layer === undefined && required ? 'MISSING' : 'not set'
    return [name, value ?? absent, pendingRestart ? `${reload} (pending)` : reload, placeOf(layer, origin)]
  })
}

function placeOf(layer: string | undefined, origin: string | undefined): string {
  if (layer === undefined) return ''
  return origin === undefined || origin === layer ? layer : `${layer} ${origin}`
}

function explanation(setting: SettingReading): string {
  const { name, value, description, type, unit, allowed, required, default: fallback, reload } = setting
  const rule = typeof allowed === 'string' ? allowed : `one of ${allowed.join(', ')}`
  return [
    `${name} = ${value ?? 'not set'}`,
    `  ${description}`,
    `  ${type}${unit === undefined ? '' : ` in ${unit}`}: ${rule}`,
    `  ${required ? 'required' : `default ${fallback ?? 'none'}`}; a change takes effect ${reload === 'live' ? 'at once' : 'at the next start'}`,
    `  ${whyOf(setting)}`,
    ...setting.shadowed.map(({ layer, origin }) => `  lost: ${placeOf(layer, origin)}`),
    ...(setting.pendingRestart ? ['  a new value waits for a restart'] : []),
    '',
  ].join('\n')
}

/** Why this value and no other. */
function whyOf({ layer, origin, shadowed, value }: SettingReading): string {
  if (layer === undefined) return 'nothing that fits sets it'
  if (layer === 'default') return value === undefined ? 'nothing sets it' : 'its default, for nothing sets it'
  const over = shadowed.length === 0 ? 'the only layer that sets it' : 'the highest layer that sets it'
  return `from ${placeOf(layer, origin)}, ${over}`
}

function assertSetting(verb: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  throw new UsageError(`Cannot ${verb} ${name}: it is not declared, expected a setting${meantHint(name, known)}`)
}
