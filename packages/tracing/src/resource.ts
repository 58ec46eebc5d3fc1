/** The resource: who made the spans. */
import { type Attributes, diag } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { TracingOptions } from './options.ts'

/** Attributes of the service; what the options name goes before what `resource` says. */
export function resourceAttributes({ service, version, env, resource }: TracingOptions): Attributes {
  return {
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.distro.name': '@ops/tracing',
    ...resource,
    'service.name': service,
    ...(version === undefined ? {} : { 'service.version': version }),
    ...(env === undefined ? {} : { 'deployment.environment.name': env }),
  }
}

/** The SDK's resources cost 30 ms to load and do no more than this for attributes that are known. */
export function createResource(attributes: Attributes): Resource {
  return {
    attributes,
    asyncAttributesPending: false,
    getRawAttributes: () => Object.entries(attributes) as ReturnType<Resource['getRawAttributes']>,
    merge(other) {
      if (other?.asyncAttributesPending === true) diag.warn('Attributes of a resource still pending are not merged')
      return createResource({ ...attributes, ...other?.attributes })
    },
  }
}
