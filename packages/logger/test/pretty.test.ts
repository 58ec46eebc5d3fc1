import { describe, expect, test } from 'vitest'
import { formatPretty } from '../src/output/pretty.ts'
import { captureLogs } from '../src/testing/index.ts'

describe('pretty output', () => {
  test('shows time, level, message, fields and the stack below when asked for', () => {
    const { logger, lines } = captureLogs({ pretty: true })

    logger.warn({ order_id: 1, note: 'two words', password: 'hunter2' }, 'placed')
    logger.error(new Error('boom', { cause: new Error('root') }), 'failed')

    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}placed order_id=1 note="two words" password=\[Redacted\]\n$/,
    )
    expect(lines[1]).toMatch(/ERROR failed\n {2}Error: boom\n(.|\n)*caused by\n {4}Error: root/)
  })

  test('escapes control characters when messages or fields try to move the cursor or fake lines', () => {
    const { logger, lines } = captureLogs({ pretty: true })

    logger.info({ 'k\u001b[2J': 'v\u001b[31m\u009b', fake: 'a\nb' }, 'm\u001b]0;x\u0007\n12:00 ERROR fake\u202e')

    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(lines[0]).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(lines[0]?.trimEnd()).not.toContain('\n')
  })

  test('formatPretty() gives back what is no JSON', () => {
    expect(formatPretty('plain\n')).toBe('plain\n')
  })
})
