/** Certificates for the tests, made when they run: an authority, and what it signs. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** An authority that signs certificates. */
export interface Authority extends Certificate {
  sign(commonName: string): Certificate
}

/** Makes an authority of its own. */
export function createAuthority(name: string): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'ops-certificates-'))
  const file = (base: string) => join(folder, base)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', `/CN=${name}`)
    const own = { cert: readFileSync(file('ca.crt'), 'utf8'), key: readFileSync(file('ca.key'), 'utf8') }
    return { ...own, sign: (commonName) => sign(own, commonName) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function sign(authority: Certificate, commonName: string): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'ops-certificates-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  try {
    writeFileSync(join(folder, 'ca.crt'), authority.cert)
    writeFileSync(join(folder, 'ca.key'), authority.key)
    writeFileSync(join(folder, 'extensions'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl('req', '-new', ...newKey, '-keyout', 'own.key', '-out', 'own.csr', '-subj', `/CN=${commonName}`)
    const from = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'extensions', '-days', '1']
    openssl('x509', '-req', '-in', 'own.csr', '-out', 'own.crt', ...from)
    return {
      cert: readFileSync(join(folder, 'own.crt'), 'utf8'),
      key: readFileSync(join(folder, 'own.key'), 'utf8'),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
