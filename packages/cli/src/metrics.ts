/** What the pipeline records about a service, declared; `job` is the service's name, as in all its metrics. */
import { defineMetrics, type GaugeDefinition, gauge } from '@ops/core'

/** Set by the pipeline after each deployment. */
export const deliveryMetrics: {
  readonly consecutiveFailures: GaugeDefinition
} = defineMetrics({
  consecutiveFailures: gauge('deployment_consecutive_failures', {
    help: 'Deployments that failed since the last one that succeeded, as the pipeline reports them',
  }),
})
