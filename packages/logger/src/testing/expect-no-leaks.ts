import { LeakError, SilentLogError } from '../errors.ts'
import type { OpsLogger } from '../ops-logger.ts'
import type { LoggerOptions } from '../options.ts'
import { encodingsOf } from '../redact/encodings.ts'
import { type CapturedLine, captureLogs } from './capture-logs.ts'

/**
 * Runs `fn` with a capturing logger and checks every line for `secrets`: raw, URL-encoded, JSON-escaped, hexadecimal
 * and base64. The logger is not told about them unless `options.secrets` does. Resolves with the lines.
 *
 * @throws LeakError when a secret is found, SilentLogError when nothing was written, SyntaxError for a line that is not
 * JSON, and whatever `fn` throws.
 *
 * @example
 * await expectNoLeaks(['hunter2'], (logger) => login(logger, 'ann', 'hunter2'))
 */
export async function expectNoLeaks(
  secrets: readonly string[],
  fn: (logger: OpsLogger) => void | Promise<void>,
  options: Partial<LoggerOptions> = {},
): Promise<readonly CapturedLine[]> {
  const logs = captureLogs(options)
  await fn(logs.logger)
  logs.logger.flush()
  const lines = [...logs.lines, ...logs.auditLines]
  if (lines.length === 0) throw new SilentLogError()
  const leaks = secrets.flatMap((value, secret) => {
    const forms = encodingsOf(value)
    return lines.flatMap((text, line) => (forms.some((form) => text.includes(form)) ? [{ secret, line }] : []))
  })
  if (leaks.length > 0) throw new LeakError(leaks)
  return logs.records()
}
