import { createSecretRegistry } from '@ops/core'
import { describe, expect, test } from 'vitest'
import { createPolicy } from '../src/redact/policy.ts'

const secrets = createSecretRegistry()
for (let i = 0; i < 30; i++) secrets.add(`s3cr3t-${i * 7919}-abcdefghij`)
secrets.add('a'.repeat(24))
const { text } = createPolicy({ secrets })

/** What makes each detector work hardest when repeated. */
const UNITS: readonly (readonly [detector: string, unit: string])[] = [
  ['registered', 'a'],
  ['registered', 's3cr3t-'],
  ['pem', '-----BEGIN '],
  ['pem', '-----BEGIN RSA PRIVATE KEY-----'],
  ['json', '{"a":'],
  ['json', '\\"'],
  ['url', '://a:'],
  ['url', '://a:b@'],
  ['jwt', 'eyJa.'],
  ['jwt', 'eyJaaaaaaaaaaaaaaa'],
  ['token', 'ghp_'],
  ['token', 'sk-'],
  ['authorization', 'bearer '],
  ['pair', 'a='],
  ['pair', 'password="'],
  ['pair', 'password={'],
  ['pair', 'api '],
  ['pair', 'key: "'],
  ['prose', 'password is '],
  ['prose', '--a '],
  ['prose', 'pin 1'],
  ['prose', '-u a:'],
  ['forms', 'name="'],
  ['forms', 'name="a"\r\n'],
  ['forms', 'name="a" value='],
  ['pair', '(password)=('],
  ['phone', 'phone 1'],
  ['card', '1-'],
  ['card', '4111 '],
  ['card', '1'],
  ['ssn', '123-45-'],
  ['email', 'a@a.'],
  ['email', 'a@'],
  ['phone', '+1'],
  ['phone', '(555) '],
  ['phone', '01 '],
  ['views', '\\'],
  ['views', '%25'],
  ['views', '&#65;'],
  ['views', '\u200b'],
  ['views', '\ufdfa'],
  ['views', '密码'],
]
const SMALL = 65_536
const LARGE = 1_048_576
/** 16 times the text: 16 times the work if linear, 256 times if quadratic. The bound lies far from both, whatever the machine does. */
const BOUND = 96

function fastest(unit: string, length: number, runs: number): number {
  const hostile = unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const start = process.cpuUsage()
    text.redact(hostile)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, user + system)
  }
  return Math.max(best, 200)
}

describe('redact() takes time in proportion to the text', () => {
  test.each(UNITS)('when detector %s meets %j again and again', { timeout: 60_000 }, (_detector, unit) => {
    fastest(unit, SMALL, 1)
    const small = fastest(unit, SMALL, 3)
    const large = fastest(unit, LARGE, 2)

    expect(large / small).toBeLessThan(BOUND)
  })
})
