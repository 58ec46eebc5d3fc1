/** What a layer says about a key, before any schema has seen it. */
import type { ConfigProblem } from './problem.ts'

/** Layers, lowest precedence first. */
const LAYERS = ['default', 'file', 'mount', 'source', 'dotenv', 'environment', 'override'] as const
/** Name of a layer. */
export type Layer = (typeof LAYERS)[number]

/** A raw value and where it stands. */
export interface Entry {
  readonly key: string
  readonly layer: Layer
  /** For people: `environment`, `config/app.yaml:3:9`, `/run/secrets/db (DATABASE_URL_FILE)`. */
  readonly origin: string
  readonly value: unknown
  /** `text` is parsed by the whole-string grammar; `typed` comes from a file that has types of its own. */
  readonly form: 'text' | 'typed'
  /** The value before the last rotation, where a secret source hands both. */
  readonly previous?: string | undefined
}

/** What reading a layer gave. */
export interface LayerReading {
  readonly entries: readonly Entry[]
  readonly problems: readonly ConfigProblem[]
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

/** True for the names that would reach into prototypes. */
export function isForbiddenName(name: string): boolean {
  return FORBIDDEN.has(name)
}
