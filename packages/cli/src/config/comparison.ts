/** Two environments side by side: what differs, and what of it may. */
import {
  type ConfigProblem,
  type ConfigShape,
  compareEnvironments,
  type LoadConfigOptions,
  printValue,
  secret,
} from '@ops/config'
import { z } from 'zod'
import type { Environment } from './environment.ts'
import type { RunningConfig } from './running.ts'

/** What names an environment and a build, and so differs from one to the next. */
const IDENTITY = ['SERVICE_ENV', 'SERVICE_VERSION', 'SERVICE_COMMIT']

/** A setting that differs. Its kind says why it may; `drift` may not. */
export interface Difference {
  readonly name: string
  readonly kind: 'drift' | 'secret' | 'endpoint' | 'capacity' | 'identity' | 'allowed'
  /** As text, `[secret]` for secrets; undefined where nothing sets it and it has no default. */
  readonly a: string | undefined
  readonly b: string | undefined
}

/** What comparing found. */
export interface Comparison {
  readonly differences: readonly Difference[]
  /** Of either side; a missing value is none, for secrets are seldom at hand. */
  readonly problems: readonly ConfigProblem[]
}

/** Compares what two environments make of the same settings; of secrets only whether they are set. */
export async function compareReadings(
  settings: ConfigShape,
  [a, b]: readonly [Environment, Environment],
  allowed: readonly string[],
): Promise<Comparison> {
  const isMasked = 'running' in a || 'running' in b
  const shape = isMasked ? withAnySecret(settings) : settings
  const { differences, problems } = await compareEnvironments(shape, sourcesOf(a, settings), sourcesOf(b, settings))
  const kindOf = (name: string, kind: Difference['kind']): Difference['kind'] =>
    IDENTITY.includes(name) ? 'identity' : kind === 'drift' && allowed.includes(name) ? 'allowed' : kind
  return {
    problems,
    differences: differences.map((one) => ({
      name: one.key,
      kind: kindOf(one.key, one.allowed ?? 'drift'),
      a: one.a,
      b: one.b,
    })),
  }
}

function sourcesOf(environment: Environment, settings: ConfigShape): LoadConfigOptions {
  return 'sources' in environment ? environment.sources : { env: valuesOf(environment.running, settings) }
}

/** What a running service shows, written as variables. */
function valuesOf({ settings: explained }: RunningConfig, settings: ConfigShape): Record<string, string> {
  const set = explained.flatMap(({ key, value }) => {
    const schema = settings[key]?.schema
    return value === undefined || schema === undefined ? [] : [[key, printValue(schema, value)] as const]
  })
  return Object.fromEntries(set)
}

/** A running service masks its secrets: what it shows instead fits no secret's own rule. */
function withAnySecret(settings: ConfigShape): ConfigShape {
  const anyText = (description: string) => secret(z.string().optional(), description)
  return Object.fromEntries(
    Object.entries(settings).map(([key, one]) => [key, one.sensitive ? anyText(one.description) : one]),
  )
}
