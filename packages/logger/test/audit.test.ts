import { describe, expect, test } from 'vitest'
import { createLogger } from '../src/index.ts'
import { captureLogs } from '../src/testing/index.ts'

describe('logger.audit()', () => {
  test('leaves names and takes secrets, on a stream of its own', () => {
    const { logger, lines, auditLines } = captureLogs({ level: 'fatal' })

    logger.audit(
      { actor: { name: 'Ada Lovelace' }, full_name: 'Grace Hopper', password: 'hunter2', mail: 'ada@example.com' },
      'role granted',
    )

    expect(lines).toEqual([])
    expect(JSON.parse(auditLines[0] as string)).toMatchObject({
      stream: 'audit',
      message: 'role granted',
      context: {
        actor: { name: 'Ada Lovelace' },
        full_name: 'Grace Hopper',
        password: '[Redacted]',
        mail: 'a***@example.com',
      },
    })
  })

  test('goes with the other lines, marked, when it has no destination', () => {
    const lines: string[] = []
    const logger = createLogger({ service: 'x', destination: { write: (line) => lines.push(line) } })

    logger.child({ component: 'iam' }).audit({ name: 'Ada' }, 'role granted')
    logger.info({ user: { name: 'Ada' } }, 'not audit')

    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { stream: 'audit', context: { component: 'iam', name: 'Ada' } },
      { context: { user: { name: 'A***' } } },
    ])
  })

  test('is never sampled', () => {
    const { logger, auditLines } = captureLogs({ sample: { info: { first: 0, thereafter: 0, perMs: 1000 } } })

    for (let i = 0; i < 10; i++) logger.audit({ i }, 'same')

    expect(auditLines).toHaveLength(10)
  })
})
