import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Instruments } from '@ops/core'
import type { defaultMetrics } from './catalog.ts'

/** A certificate whose expiry is exposed. */
export interface WatchedCertificate {
  /** Value of the label. */
  readonly name: string
  /** PEM file, read again at each exposition so that a renewed one is seen. */
  readonly file: string
}

/** Sets the expiry of each file's earliest certificate. @throws when one cannot be read, after the others were. */
export function createCertificateCollector(
  defaults: Instruments<typeof defaultMetrics>,
  certificates: readonly WatchedCertificate[],
): () => Promise<void> {
  return async () => {
    const results = await Promise.allSettled(
      certificates.map(async ({ name, file }) => {
        defaults.certificateExpiry.set({ certificate: name }, earliestExpiry(await readFile(file, 'utf8')))
      }),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

/** Seconds since the epoch at which the first of a chain's certificates expires. @throws for text without one. */
function earliestExpiry(pem: string): number {
  const chain = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)
  if (chain === null) throw new Error('Cannot read certificate: no PEM block, expected at least one')
  return Math.min(...chain.map((one) => Date.parse(new X509Certificate(one).validTo))) / 1000
}
