import { readFileSync } from 'node:fs'
import * as core from '@ops/core'
import { describe, expect, test } from 'vitest'
import * as logger from '../src/index.ts'
import * as testing from '../src/testing/index.ts'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const MODULES: Readonly<Record<string, object>> = {
  '@ops/core': core,
  '@ops/logger': logger,
  '@ops/logger/testing': testing,
}
const samples = Array.from(README.matchAll(/```ts\n([\s\S]*?)```/g), ([, code]) => code as string)

/** Runs a sample; its logger writes to memory. */
async function run(code: string): Promise<string[]> {
  const lines: string[] = []
  const body = code.replace(
    /import \{ (.*) \} from '(.*)'/g,
    (_, names, from) => `const { ${names} } = modules['${from}']`,
  )
  const modules = {
    ...MODULES,
    '@ops/logger': {
      ...logger,
      createLogger: (options: logger.LoggerOptions) =>
        logger.createLogger({ ...options, destination: { write: (line) => lines.push(line) } }),
    },
  }
  const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (modules: object) => Promise<void>
  await new AsyncFunction('modules', body)(modules)
  return lines
}

describe('README', () => {
  test('has samples that run', async () => {
    expect(samples).toHaveLength(2)
    const lines = await run(samples[0] as string)
    await run(samples[1] as string)

    const messages = lines.map((line) => JSON.parse(line).message)
    expect(messages).toEqual(['order placed', 'payment failed', 'log level changed', 'role granted'])
  })

  test('has the sections of the template in their order', () => {
    const headings = Array.from(README.matchAll(/^##? (.*)$/gm), ([, heading]) => heading)

    expect(headings).toEqual([
      '@ops/logger',
      'Install',
      'Use',
      'What it does not do',
      'Options',
      'When things fail',
      'Errors',
      'Telemetry',
      'Settings',
      'Testing with it',
      'Patterns and anti-patterns',
      'Design',
    ])
  })
})
