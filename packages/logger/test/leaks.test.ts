import { createSecretRegistry } from '@ops/core'
import { describe, expect, test } from 'vitest'
import { captureLogs, expectNoLeaks } from '../src/testing/index.ts'
import type { Attempt } from './leaks/attempt.ts'
import { containers } from './leaks/containers.ts'
import { errors } from './leaks/errors.ts'
import { flows } from './leaks/flows.ts'
import { keys } from './leaks/keys.ts'
import { REGISTERED, registered } from './leaks/registered.ts'
import { text } from './leaks/text.ts'

const SUITES: readonly (readonly [name: string, attempts: readonly Attempt[]])[] = [
  ['containers', containers],
  ['errors', errors],
  ['flows', flows],
  ['keys', keys],
  ['text', text],
]

for (const [name, attempts] of SUITES) {
  describe(`logger gives nothing away through ${name}`, () => {
    test.each(attempts)('when tried by $title', async ({ secrets, log }) => {
      await expectNoLeaks(secrets, log)
    })
  })
}

describe('logger gives no registered secret away', () => {
  const secrets = createSecretRegistry()
  for (const value of REGISTERED) secrets.add(value)

  test.each(registered)('when tried by $title', async (attempt) => {
    await expectNoLeaks(attempt.secrets, attempt.log, { secrets })
  })

  test('when it becomes known after heads, children and keys were rendered', () => {
    const late = createSecretRegistry()
    const { logger, lines, clear } = captureLogs({
      service: 'late-canary-77',
      secrets: late,
      mixin: () => ({ m: 'late-canary-77' }),
    })
    const child = logger.child({ a: 'late-canary-77' })
    const say = () => child.info({ 'late-canary-77': 'late-canary-77' }, 'late-canary-77')
    for (let i = 0; i < 4; i++) say()
    expect(lines.join('')).toContain('late-canary-77')
    clear()

    late.add('late-canary-77')
    say()

    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain('late-canary-77')
  })

  test('when the service, version and environment hold it', async () => {
    const options = {
      service: REGISTERED[0] as string,
      version: 'password=hunter2x',
      env: REGISTERED[6] as string,
      secrets,
    }
    await expectNoLeaks([REGISTERED[0] as string, REGISTERED[6] as string, 'hunter2x'], (l) => l.info('m'), options)
  })

  test('when a mixin holds or throws it', async () => {
    await expectNoLeaks(['hunter2x'], (l) => l.info('m'), {
      mixin: () => ({ password: 'hunter2x', a: 'token=hunter2x' }),
    })
    const mixin = () => {
      throw new Error('password=hunter2x')
    }
    await expectNoLeaks(['hunter2x'], (l) => l.info('m'), { mixin })
  })
})

test('the leak suite has at least 150 attempts', () => {
  const count = SUITES.reduce((sum, [, attempts]) => sum + attempts.length, registered.length)

  expect(count).toBeGreaterThanOrEqual(150)
})
