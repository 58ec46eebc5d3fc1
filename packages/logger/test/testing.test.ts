import { describe, expect, test } from 'vitest'
import { captureLogs, expectNoLeaks } from '../src/testing/index.ts'

describe('expectNoLeaks()', () => {
  test('resolves with the lines when none holds a secret', async () => {
    const lines = await expectNoLeaks(['hunter2'], (logger) => logger.info({ password: 'hunter2' }, 'm'))

    expect(lines).toMatchObject([{ message: 'm', context: { password: '[Redacted]' } }])
  })

  test.each([
    ['raw', 'hunter2'],
    ['in base64', Buffer.from('hunter2').toString('base64')],
    ['in hex', Buffer.from('hunter2').toString('hex')],
  ])('rejects without repeating the secret when a line holds it %s', async (_form, text) => {
    const leak = expectNoLeaks(['unused', 'hunter2'], async (logger) => {
      await Promise.resolve()
      logger.info({ harmless: text }, 'm')
    })

    await expect(leak).rejects.toMatchObject({ code: 'OPS_LOGGER_LEAK', details: { leaks: [{ secret: 1, line: 0 }] } })
    await expect(leak).rejects.not.toThrow('hunter2')
  })

  test('rejects when nothing was written', async () => {
    await expect(expectNoLeaks(['x'], () => {})).rejects.toMatchObject({ code: 'OPS_LOGGER_SILENT' })
  })
})

describe('captureLogs()', () => {
  test('keeps lines and audit lines apart and forgets them when cleared', () => {
    const logs = captureLogs()

    logs.logger.debug('a')
    logs.logger.audit({}, 'b')
    expect([logs.records().length, logs.auditLines.length]).toEqual([1, 1])
    logs.clear()

    expect([logs.lines, logs.auditLines]).toEqual([[], []])
  })
})
