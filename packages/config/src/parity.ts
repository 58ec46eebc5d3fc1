/** Parity of two environments: they may differ in endpoints, secrets and capacity, and in nothing else. */
import { isDeepStrictEqual } from 'node:util'
import { createSecretRegistry } from '@ops/core'
import { createCollector } from './collect.ts'
import { printValue } from './grammar.ts'
import type { LoadConfigOptions } from './options.ts'
import { type AnySetting, shapeOf } from './parse-value.ts'
import type { ConfigProblem } from './problem.ts'
import { type Resolutions, resolveAll } from './resolve.ts'
import type { ConfigShape } from './setting.ts'

/** A setting that differs between two environments. */
export interface ParityDifference {
  readonly key: string
  /** Why it may differ; undefined where it may not. */
  readonly allowed: 'secret' | 'endpoint' | 'capacity' | undefined
  /** The values as text, `[secret]` for secrets, undefined where a side sets none and has no default. */
  readonly a: string | undefined
  readonly b: string | undefined
}

/** What comparing two environments found. */
export interface ParityReport {
  /** True when nothing differs that may not, and both sides are valid as far as they are there. */
  readonly holds: boolean
  readonly differences: readonly ParityDifference[]
  /** Problems of either side; a missing value is none, for secrets are seldom at hand. */
  readonly problems: readonly ConfigProblem[]
}

/** Compares what two sets of sources make of the same settings. */
export async function compareEnvironments(
  settings: ConfigShape,
  a: LoadConfigOptions,
  b: LoadConfigOptions,
): Promise<ParityReport> {
  const [left, right] = await Promise.all([readValues(settings, a), readValues(settings, b)])
  const differences = Object.entries(settings).flatMap(([key, definition]): ParityDifference[] => {
    const [first, second] = [left.values.get(key)?.value, right.values.get(key)?.value]
    if (definition.sensitive ? (first === undefined) === (second === undefined) : isDeepStrictEqual(first, second))
      return []
    return [{ key, allowed: allowance(definition), a: shown(definition, first), b: shown(definition, second) }]
  })
  const problems = [...left.problems, ...right.problems]
  return {
    holds: problems.length === 0 && differences.every((each) => each.allowed !== undefined),
    differences,
    problems,
  }
}

async function readValues(
  settings: ConfigShape,
  options: LoadConfigOptions,
): Promise<{ readonly values: Resolutions; readonly problems: readonly ConfigProblem[] }> {
  const registry = createSecretRegistry()
  const collection = await createCollector(settings, options, registry).collect()
  const { resolutions, problems } = await resolveAll(settings, collection, { before: new Map(), registry })
  return { values: resolutions, problems: problems.filter((problem) => problem.reason !== 'missing') }
}

function allowance(definition: AnySetting): ParityDifference['allowed'] {
  if (definition.sensitive) return 'secret'
  return definition.varies ?? (/\burl$/.test(shapeOf(definition).grammar?.type ?? '') ? 'endpoint' : undefined)
}

function shown(definition: AnySetting, value: unknown): string | undefined {
  if (value === undefined) return undefined
  return definition.sensitive ? '[secret]' : printValue(definition.schema, value)
}
