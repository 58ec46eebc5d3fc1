/** An OpenFeature provider that evaluates from memory, whatever its states are read from. */
import {
  type EvaluationContext,
  type Provider,
  type ResolutionDetails,
  StandardResolutionReasons,
  TypeMismatchError,
} from '@openfeature/server-sdk'
import { type Clock, type Logger, silentLogger, systemClock, type Timer } from '@ops/core'
import { FlagInvalidError } from './errors.ts'
import type { FlagState } from './state.ts'
import { createRule, type Rule, type Target } from './targeting.ts'

/** A provider whose answers are at hand: `isEnabled` of flags can be synchronous. */
export interface MemoryProvider extends Provider {
  /** A flag's value for `target`; undefined where its default applies. Never throws, never waits. */
  valueFor(flag: string, target: Target): boolean | undefined
  /** Milliseconds since the states were last read; undefined before the first time. */
  readonly ageMs: number | undefined
  initialize(): Promise<void>
  onClose(): Promise<void>
}

/** Ports of a provider. */
export interface ProviderPorts {
  /** @defaultValue silent */
  readonly logger?: Logger | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
}

/** Where states come from. */
export interface StateSource {
  readonly name: string
  /** Reads all states; a state that cannot be used is given as its error. */
  read(): Promise<ReadonlyMap<string, FlagState | FlagInvalidError>>
  /** Calls `changed` when something changed. Returns how to stop. */
  watch(changed: () => void): () => void
  readonly refreshMs: number
}

/** After a read that failed the next one comes sooner. */
const RETRY_MS = 1_000

/** Creates the provider of a source. It begins to read when OpenFeature, or `createFlags`, initializes it. */
export function createMemoryProvider(source: StateSource, ports: ProviderPorts): MemoryProvider {
  const { logger = silentLogger, clock = systemClock } = ports
  let rules: ReadonlyMap<string, Rule> = new Map()
  let readAt: number | undefined
  let failing = false
  let reading: Promise<void> | undefined
  let again = false
  let retry: Timer | undefined
  let closed = false
  let stop = () => {}
  let initialized: Promise<void> | undefined

  async function refresh(): Promise<void> {
    try {
      const states = await source.read()
      rules = new Map([...states].flatMap(([name, state]) => ruleOf(name, state)))
      readAt = clock.monotonic()
      if (failing) logger.info({ source: source.name }, 'feature flags are read again')
      failing = false
    } catch (error) {
      // What was read last goes on to hold.
      if (!failing) logger.warn({ source: source.name, err: error }, 'feature flags cannot be read')
      failing = true
      retry?.cancel()
      if (!closed) retry = clock.setTimeout(() => void requestRefresh(), Math.min(RETRY_MS, source.refreshMs))
    }
  }

  /** A flag whose new state is wrong keeps its last good one. */
  function ruleOf(name: string, state: FlagState | FlagInvalidError): [string, Rule][] {
    if (!(state instanceof FlagInvalidError)) return [[name, createRule(name, state)]]
    logger.warn({ flag: name, err: state }, 'the state of a feature flag cannot be used')
    const known = rules.get(name)
    return known === undefined ? [] : [[name, known]]
  }

  /** One read at a time; a change during it makes one more. */
  function requestRefresh(): Promise<void> {
    if (reading !== undefined) {
      again = true
      return reading
    }
    reading = refresh().finally(() => {
      reading = undefined
      if (again) void requestRefresh()
      again = false
    })
    return reading
  }

  const valueFor = (flag: string, target: Target) => rules.get(flag)?.valueFor(target)

  return {
    metadata: { name: source.name },
    runsOn: 'server',
    valueFor,
    get ageMs() {
      return readAt === undefined ? undefined : clock.monotonic() - readAt
    },
    initialize() {
      initialized ??= (async () => {
        const timer = clock.setInterval(() => void requestRefresh(), source.refreshMs)
        const unwatch = source.watch(() => void requestRefresh())
        stop = () => {
          timer.cancel()
          unwatch()
        }
        await requestRefresh()
      })()
      return initialized
    },
    async onClose() {
      closed = true
      retry?.cancel()
      stop()
    },
    async resolveBooleanEvaluation(flag, defaultValue, context): Promise<ResolutionDetails<boolean>> {
      const value = valueFor(flag, targetOf(context))
      if (value === undefined) return { value: defaultValue, reason: StandardResolutionReasons.DEFAULT }
      return { value, reason: StandardResolutionReasons.TARGETING_MATCH }
    },
    resolveStringEvaluation: notBoolean,
    resolveNumberEvaluation: notBoolean,
    resolveObjectEvaluation: notBoolean,
  }
}

/** OpenFeature's words: `targetingKey` is the user, `organisation` (or `tenant`) and `region` are what they say. */
function targetOf(context: EvaluationContext): Target {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  return {
    userId: context.targetingKey,
    organisation: text(context['organisation']) ?? text(context['tenant']),
    region: text(context['region']),
  }
}

async function notBoolean(flag: string): Promise<never> {
  throw new TypeMismatchError(`Cannot evaluate flag ${flag}: flags of @ops are booleans`)
}
