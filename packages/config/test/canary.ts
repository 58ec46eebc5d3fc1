/** Proof that a secret is nowhere: everything a configuration can be made to say, searched for it. */
import { inspect } from 'node:util'
import { type Config, type ConfigShape, configRegistry, envExample, jsonSchema } from '@ops/config'
import type { LogRecord } from '@ops/testing'
import { expect, vi } from 'vitest'

export const CANARY = 'canary-5ecret-9f3b'

/** Every rendering of an error or value that a logger, console or tracker might use. */
export function renderings(value: unknown): string {
  const parts = [inspect(value, { showHidden: true, depth: 20, getters: true }), `${JSON.stringify(value)}`]
  if (value instanceof Error)
    parts.push(value.message, String(value.stack), renderings({ ...value }), renderings(value.cause))
  return parts.join('\n')
}

/** All outputs of a configuration and its declaration. */
export function outputsOf(settings: ConfigShape, config?: Config<ConfigShape>): string {
  const documents = [
    envExample(settings),
    configRegistry(settings).toMarkdown(),
    renderings(configRegistry(settings).entries),
  ]
  const parts = [...documents, renderings(jsonSchema(settings))]
  if (config !== undefined) {
    parts.push(renderings(config.current), renderings({ ...config.current }), renderings(config.status()))
    parts.push(inspect(config, { showHidden: true, depth: 20 }), JSON.stringify(config))
    for (const key of Object.keys(settings)) parts.push(renderings(config.explain(key)), `${config.current[key]}`)
  }
  return parts.join('\n')
}

/** Fails when a text holds the canary in any of the usual disguises. */
export function expectNoCanary(...texts: readonly string[]): void {
  const disguises = [CANARY, encodeURIComponent(CANARY), Buffer.from(CANARY).toString('base64'), CANARY.slice(7)]
  for (const text of texts) for (const disguise of disguises) expect(text).not.toContain(disguise)
}

/** What log lines hold. */
export function logText(records: readonly LogRecord[]): string {
  return renderings(records)
}

/** Runs something while everything written to stdout and stderr is caught. */
export async function captureOutput<T>(
  task: () => Promise<T>,
): Promise<{ readonly result: T; readonly written: string }> {
  let written = ''
  const take = (chunk: unknown): boolean => {
    written += String(chunk)
    return true
  }
  const spies = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(take))
  try {
    return { result: await task(), written }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
