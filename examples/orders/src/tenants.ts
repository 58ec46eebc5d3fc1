import type { Identity } from '@ops/core'

/** The demo's stand-in for verified identity: who an API key belongs to. */
const IDENTITIES: Readonly<Record<string, Identity>> = {
  'acme-key': { tenant: 'acme', userId: 'u-ada' },
  'globex-key': { tenant: 'globex', userId: 'u-grace' },
  'initech-key': { tenant: 'initech', userId: 'u-peter' },
}

/** Tenant and user of an API key; nobody for an unknown one. */
export function identityOf(apiKey: string | string[] | undefined): Identity {
  return (typeof apiKey === 'string' && Object.hasOwn(IDENTITIES, apiKey) && IDENTITIES[apiKey]) || {}
}
