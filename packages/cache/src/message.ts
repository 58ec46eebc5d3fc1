/** What processes tell each other: which entries of the in-process tier have become old. */

/** A key, all tagged values of a tenant, or everything of a tenant; `''` is global. */
export type InvalidationMessage =
  | { readonly scope: 'key'; readonly definition: string; readonly tenant: string; readonly id: string }
  | { readonly scope: 'tag'; readonly tenant: string }
  | { readonly scope: 'tenant'; readonly tenant: string }

/** JSON, because it carries lone surrogates through UTF-8. */
export function formatMessage(message: InvalidationMessage): string {
  return JSON.stringify(message)
}

/** Undefined for what this version does not understand; the caller then forgets everything. */
export function tryParseMessage(text: string): InvalidationMessage | undefined {
  try {
    const { scope, tenant, definition, id } = JSON.parse(text) as Record<string, unknown>
    if (typeof tenant !== 'string') return undefined
    if (scope === 'key' && typeof definition === 'string' && typeof id === 'string')
      return { scope, definition, tenant, id }
    return scope === 'tag' || scope === 'tenant' ? { scope, tenant } : undefined
  } catch {
    return undefined
  }
}
