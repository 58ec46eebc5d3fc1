import { type CounterDefinition, counter, defineMetrics, type GaugeDefinition, gauge } from '@ops/core'

/** Label values of reloads. */
export const RELOAD_RESULTS = ['success', 'unchanged', 'failure', 'vetoed'] as const
/** How a reload ended. */
export type ReloadResult = (typeof RELOAD_RESULTS)[number]

/** What a configuration records. */
export const configMetrics: {
  readonly lastReloadSuccessful: GaugeDefinition<Record<never, never>>
  readonly lastReloadSuccess: GaugeDefinition<Record<never, never>>
  readonly reloads: CounterDefinition<{ readonly result: typeof RELOAD_RESULTS }>
  readonly hash: GaugeDefinition<{ readonly hash: 'string' }>
  readonly pendingRestart: GaugeDefinition<Record<never, never>>
} = defineMetrics({
  lastReloadSuccessful: gauge('config_last_reload_successful', {
    help: 'Whether the last configuration reload succeeded',
  }),
  lastReloadSuccess: gauge('config_last_reload_success_timestamp_seconds', {
    help: 'When the configuration was last read without a problem, in seconds since the epoch',
  }),
  reloads: counter('config_reloads_total', {
    help: 'Configuration reloads by how they ended',
    labels: { result: RELOAD_RESULTS },
  }),
  hash: gauge('config_hash_info', {
    help: 'Hash of the configuration in force, secrets left out',
    labels: { hash: 'string' },
  }),
  pendingRestart: gauge('config_pending_restart', { help: 'Settings whose new value waits for a restart' }),
})
