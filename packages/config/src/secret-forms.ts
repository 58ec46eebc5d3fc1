/** The texts under which a secret could slip out, and their removal from what this package says. */
import type { SecretRegistry } from '@ops/core'

/** Offers every form of a raw value: itself, without line ends, as JSON writes it, percent-encoded, and the password of a URL. */
export function registerSecret(registry: SecretRegistry, value: unknown, seen: Set<unknown> = new Set()): void {
  if (typeof value === 'string') for (const form of formsOf(value)) offer(registry, form)
  else if (typeof value === 'number' || typeof value === 'bigint') offer(registry, String(value))
  else if (typeof value === 'object' && value !== null && !seen.has(value)) {
    seen.add(value)
    for (const leaf of Object.values(value)) registerSecret(registry, leaf, seen)
  }
}

function offer(registry: SecretRegistry, value: string): void {
  try {
    registry.add(value)
  } catch {
    // A listener threw. The registry remembers the value all the same, and what was thrown may quote it.
  }
}

function formsOf(text: string): Set<string> {
  const forms = new Set([text, text.trim(), JSON.stringify(text).slice(1, -1)])
  for (const part of [text, ...urlSecrets(text)]) {
    forms.add(part)
    forms.add(encoded(part))
  }
  return forms
}

function urlSecrets(text: string): string[] {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return []
  const url = new URL(text)
  const parts = [url.password, decoded(url.password)]
  for (const [name, value] of url.searchParams) if (/pass|secret|token|key|sig/i.test(name)) parts.push(value)
  return parts.filter((part) => part !== '')
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    // A lone surrogate has no encoding.
    return text
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The text without any registered value: the last line of defence behind messages that hold none by construction. */
export function withoutSecrets(registry: SecretRegistry, text: string): string {
  let clean = text
  for (const value of [...registry.values()].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(value, '[secret]')
  return clean
}

/** Name and message of an error that is not ours, without registered values. */
export function errorText(registry: SecretRegistry, error: unknown): string {
  return withoutSecrets(
    registry,
    error instanceof Error ? `${error.name}: ${error.message}` : 'a value that is no Error',
  )
}
