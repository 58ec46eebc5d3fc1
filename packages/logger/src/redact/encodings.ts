/** The forms in which a known secret turns up in text. */

const MIN_DERIVED = 6

/** The part of base64 that depends on `bytes` alone when `offset` other bytes stand before them. */
function base64At(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  const skipped = [0, 2, 3][offset] as number
  return encoded.slice(skipped, Math.floor((8 * (offset + bytes.length)) / 6))
}

function jsonEscaped(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function percentEncoded(text: string): string[] {
  const whole = text.replace(/\p{Surrogate}/gu, '\ufffd')
  const encoded = encodeURIComponent(whole)
  const lower = encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
  return [encoded, lower, encoded.replaceAll('%20', '+'), encodeURI(whole)]
}

/** The password inside a connection string. */
function urlPassword(text: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*?:([^/?#]+)@/i.exec(text)?.[1]
  if (password === undefined || password.length < 4) return []
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}

/** Raw, normalised, URL-encoded, JSON-escaped once and twice, hexadecimal, and base64 at three offsets in both alphabets. */
export function encodingsOf(secret: string): string[] {
  const raw = [secret, secret.trim(), secret.normalize('NFC'), secret.normalize('NFKC'), ...urlPassword(secret)]
  const bytes = Buffer.from(secret, 'utf8')
  const hex = bytes.toString('hex')
  const base64 = [0, 1, 2].map((offset) => base64At(bytes, offset))
  const derived = [
    ...percentEncoded(secret),
    jsonEscaped(secret),
    jsonEscaped(jsonEscaped(secret)),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
  const forms = [...raw.filter((form) => form.length >= 4), ...derived.filter((form) => form.length >= MIN_DERIVED)]
  return [...new Set(forms)]
}
