/** The demo's stand-in for verified identity: who an API key belongs to. */
const TENANTS: Readonly<Record<string, string>> = {
  'acme-key': 'acme',
  'globex-key': 'globex',
  'initech-key': 'initech',
}

/** The tenant of an API key; undefined for an unknown one. */
export function tenantOf(apiKey: string | string[] | undefined): string | undefined {
  return typeof apiKey === 'string' && Object.hasOwn(TENANTS, apiKey) ? TENANTS[apiKey] : undefined
}
