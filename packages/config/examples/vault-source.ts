/** A secret source for HashiCorp Vault's KV engine, version 2: copy it, it needs nothing but `fetch`. */

import type { SecretSource, SecretVersions } from '@ops/config'
import { type Clock, systemClock } from '@ops/core'

/** Where the secrets lie. */
export interface VaultSourceOptions {
  /** `https://vault.internal:8200`. */
  readonly address: string
  /** The token, asked for at each request, so that an agent may renew it. */
  readonly token: () => string | Promise<string>
  /** Mount of the KV engine. @defaultValue 'secret' */
  readonly mount?: string
  /** Path under the mount; its fields are the environment names. */
  readonly path: string
  /** Hands out the version before as `previous`, so that both are accepted while clients move over. @defaultValue true */
  readonly previous?: boolean
  /** Milliseconds between two looks for a new version. @defaultValue 60_000 */
  readonly pollMs?: number
  /** @defaultValue the system's */
  readonly clock?: Clock
}

interface KvAnswer {
  readonly data: { readonly data: Readonly<Record<string, string>>; readonly metadata: { readonly version: number } }
}

/** Vault's answer was not one; carries the status and nothing of the body. */
class VaultError extends Error {
  readonly code: string

  constructor(status: number) {
    super(`Cannot read Vault: status ${status}, expected 200`)
    this.code = `HTTP_${status}`
  }
}

/** @see https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version */
export function createVaultSource(options: VaultSourceOptions): SecretSource {
  const { address, token, mount = 'secret', path, previous = true, pollMs = 60_000, clock = systemClock } = options
  const read = async (version: number | undefined, signal: AbortSignal): Promise<KvAnswer['data'] | undefined> => {
    const url = new URL(`/v1/${mount}/data/${path}`, address)
    if (version !== undefined) url.searchParams.set('version', String(version))
    const response = await fetch(url, {
      headers: { 'X-Vault-Token': await token(), 'X-Vault-Request': 'true' },
      signal,
    })
    // A destroyed or deleted version answers 404: there is no previous value then.
    if (response.status === 404 && version !== undefined) return undefined
    if (response.status !== 200) throw new VaultError(response.status)
    return ((await response.json()) as KvAnswer).data
  }
  return {
    name: 'vault',
    async load(signal) {
      const now = (await read(undefined, signal)) as KvAnswer['data']
      const before = previous && now.metadata.version > 1 ? await read(now.metadata.version - 1, signal) : undefined
      return Object.fromEntries(
        Object.entries(now.data).map(([key, current]): [string, SecretVersions] => {
          const old = before?.data[key]
          return [key, old === undefined || old === current ? { current } : { current, previous: old }]
        }),
      )
    },
    watch(changed) {
      const timer = clock.setInterval(changed, pollMs)
      return () => timer.cancel()
    },
  }
}
