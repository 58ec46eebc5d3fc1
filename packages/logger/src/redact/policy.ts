/** Wires keys, detectors and writers into the one policy that lines, spans and error reports share. */
import type { SecretRegistry } from '@ops/core'
import { encodingsOf } from './encodings.ts'
import { createHits, type Hits } from './hits.ts'
import { KeyBook } from './keys.ts'
import { scan } from './scan.ts'
import { TextRedactor } from './text-redactor.ts'
import { Writer } from './writer.ts'

/** What the policy may be told. */
export interface RedactionOptions {
  /**
   * Values that never appear in any encoding, later ones included.
   *
   * @defaultValue none
   */
  readonly secrets?: SecretRegistry | undefined
  /**
   * Exact keys that are secret besides the built-in rules.
   *
   * @defaultValue none
   */
  readonly secretKeys?: readonly string[] | undefined
  /**
   * Exact keys that are not secret although a built-in rule says so; the content of their values is still checked.
   *
   * @defaultValue none
   */
  readonly plainKeys?: readonly string[] | undefined
}

/** The parts of a policy. */
export interface Policy {
  readonly hits: Hits
  readonly text: TextRedactor
  /** Writes everything but the audit stream. */
  readonly writer: Writer
  /** Leaves personal names. */
  readonly auditWriter: Writer
  /** Grows whenever a secret becomes known: what was written before may hold it. */
  version: number
  /** Stops listening to the registry. */
  stop(): void
}

/** Creates a policy. */
export function createPolicy(options: RedactionOptions): Policy {
  const hits = createHits()
  const needles = new Set<string>()
  const keys = new KeyBook({
    secretKeys: options.secretKeys ?? [],
    plainKeys: options.plainKeys ?? [],
    writeKey: (key) => JSON.stringify(key.length > 256 ? key.slice(0, 256) : text.redact(key, scan(key))),
  })
  const text = new TextRedactor({ judge: keys.judge, hits, writeJson: (value) => writer.write(value) ?? 'null' })
  const writer = new Writer({ keys, text, namesAllowed: false })
  const auditWriter = new Writer({ keys, text, namesAllowed: true })
  const learn = (values: readonly string[]): void => {
    for (const value of values) for (const form of encodingsOf(value)) needles.add(form)
    text.register([...needles])
    keys.clear()
    writer.known.clear()
    auditWriter.known.clear()
    policy.version++
  }
  const policy: Policy = { hits, text, writer, auditWriter, version: 0, stop: () => stop() }
  const stop = options.secrets?.onAdd((value) => learn([value])) ?? (() => {})
  learn(options.secrets?.values() ?? [])
  return policy
}
