import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scrubEvent } from '../src/scrub-event.ts'

const SECRET = 'zqxj'
const secret = fc.tuple(fc.string(), fc.string()).map(([before, after]) => `${before}${SECRET}${after}`)
const anything = fc.anything({ values: [secret, fc.integer()], maxDepth: 3 })
const part = fc.constantFrom(
  'message',
  'extra',
  'tags',
  'request',
  'breadcrumbs',
  'contexts',
  'modules',
  'logentry',
  'user',
  'unknown',
)
const event = fc.dictionary(part, anything)
const scrubber = { text: (text: string) => text.replaceAll(SECRET, ''), value: () => ({}) }

describe('scrubEvent()', () => {
  test('lets nothing but checked parts through, whatever an event holds', () => {
    fc.assert(
      fc.property(event, secret, (parts, message) => {
        const { user: _user, ...others } = parts
        const values = [
          { type: 'Error', value: message, stacktrace: { frames: [{ lineno: 1, vars: { a: message } }] } },
        ]
        const given = { ...others, exception: { values } }

        for (const used of [scrubber, undefined]) {
          expect(JSON.stringify(scrubEvent(given, ['service'], used))).not.toContain(SECRET)
        }
      }),
    )
  })

  test('keeps of a user the id alone', () => {
    const clean = scrubEvent({ user: { id: 'u-1', email: 'a@example.com', ip_address: '10.0.0.1' } }, [], scrubber)

    expect(clean['user']).toEqual({ id: 'u-1' })
  })

  test('keeps of a trace well-formed ids alone', () => {
    const traceId = 'a'.repeat(32)

    const clean = scrubEvent(
      { contexts: { trace: { trace_id: traceId, span_id: 'not hex', data: { a: 1 } } } },
      [],
      scrubber,
    )

    expect(clean['contexts']).toMatchObject({ trace: { trace_id: traceId } })
    expect(JSON.stringify(clean)).not.toContain('not hex')
  })
})
