import { randomUUID } from 'node:crypto'
import { createSpanId, createTraceId } from '@ops/core'
import { describe, expect, test } from 'vitest'
import { captureLogs } from '../src/testing/index.ts'

const TEXTS = [
  'installed @scope/pkg@1.2.3',
  'npm i @platformatic/prom-client@1.0.0 lodash@4.17.21 react@19.0.0-rc.1',
  'lodash@4.17.21-next.beta',
  'git@github.com:acme/orders.git',
  'cloning git@host:repo',
  'ssh://git@github.com/acme/orders.git',
  'deploy@host.example.com:/srv/app',
  '1732179600000',
  'at 1732179600 for 1732179600123456',
  '2026-11-21T10:20:30.123Z',
  '2026-11-21T10:20:30.123+01:00',
  '2026-11-21 10:20:30',
  '21-11-2026 10:20',
  '550e8400-e29b-41d4-a716-446655440000',
  '41111111-1111-4111-8111-111111111111',
  '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  '4bf92f3577b34da6a3ce929d0e0e4736',
  'v22.15.0 then 1.2.3-beta.4+build.567',
  '192.168.100.200:8080',
  '10.0.0.1, 172.16.254.1',
  '2001:0db8:85a3:0000:0000:8a2e:0370:7334',
  'authorization: denied',
  'authorization: denied for user 42',
  'authorization=granted',
  'pan: 2',
  'token: expired',
  'Unexpected token: } in JSON at position 42',
  "Unexpected token '<'",
  'password authentication failed for user "ann"',
  'the token is missing',
  'password is required',
  'secret is not set here',
  'basic authentication is on',
  'Bearer token required',
  'the bearer of this message',
  'at parse (/app/src/token.ts:12:5)',
  'at Object.<anonymous> (/app/node_modules/jsonwebtoken/verify.js:40:5)',
  'at file:///app/src/password.js:10:20',
  'https://example.com:8080/path/@scope/pkg',
  'https://example.com/a?page=2&sort=asc&limit=50',
  'GET /api/users/:id 200 12.345 ms',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'session_count=5 token_count=7 password_length=12',
  'tokens: 512',
  'key=value a=b',
  'primary_key: id, sort_key: created_at',
  'cache_key=orders:42',
  'public_key_type: rsa',
  'monkey: business',
  'author: ann',
  'compass: north, encompass: all',
  'secretary: yes',
  'tokenizer: cl100k',
  'pinned: true, spinner: off',
  'opinion: good, shipping: fast, company: acme, panel: left',
  'order 123456789 shipped',
  'order 12345678901234 shipped',
  'sum 0.4111111111111111',
  'ratio 4.532015112830366',
  '5 x 6 = 30; a == b',
  'std::vector secret::module',
  '{"a":1,"b":[true,null],"c":"x"}',
  'C:\\Users\\ann\\file.txt',
  'fish & chips 100% good',
  'Grüße aus München',
  '注文が完了しました',
  'заказ принят',
  'emoji 👩‍👩‍👧 ok',
  'ISBN 978-3-16-148410-0',
  'a 1,234,567.89 b',
  'part no 12-345-678',
  'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'MAC 00:1b:44:11:3a:b7',
  '+01:00',
  'x += 12345678',
  'expected string, got number for name: orders',
  'eyJ',
  'npm_config_registry',
  'sk-learn and key-value',
]

const FIELDS: readonly (readonly [name: string, fields: Readonly<Record<string, unknown>>])[] = [
  ['session_count', { session_count: 12, sessions: 3, session: { id: 1 } }],
  ['pan', { pan: 2, tilt: 3, panel: 'left', span: 'x' }],
  ['authorization', { authorization: 'denied', authorized: true }],
  [
    'safe suffixes',
    {
      token_count: 5,
      password_length: 12,
      secret_type: 3,
      cookie_expires_at: new Date(0).toISOString(),
      token_expires_in: 3600,
      pin_attempts: 2,
    },
  ],
  ['dates', { password_changed_at: '2026-11-21T10:00:00.000Z', token_expires_at: '2026-11-21' }],
  ['booleans', { password: true, has_token: false, secret: null }],
  ['model tokens', { tokens: 512, prompt_tokens: 12, max_tokens: 4096, total_tokens: 99 }],
  [
    'lookalikes',
    {
      monkey: 'x',
      keyboard: 'y',
      author: 'ann',
      tokenizer: 'z',
      compass: 'n',
      secretary: 'b',
      pinned: 'p',
      opinion: 'o',
      passenger_count: 3,
    },
  ],
  ['keys', { primary_key: 'id', sort_key: 'a', key: 'orders', foreign_key: 'b', public_key_id: 'c' }],
  ['names', { name: 'orders', hostname: 'db-1', username: 'ann', service_name: 'x', file_name: 'y', event_name: 'z' }],
  ['name and value', { name: 'colour', value: 'red' }],
  ['ids', { user_id: 'u-42', tenant_id: 't-7', order_id: 123456789012, epoch: 1732179600000, nanos: 1732179600123456 }],
  ['tests', { pass: 3, fail: 0, pass_rate: 0.5 }],
  ['cards', { cards: 3, scorecard: 'x', card_count: 2, dashboard: 'y' }],
  ['mail', { email_sent: true, mailbox: 'inbox', email: 'queued' }],
  ['phone', { phone: 'verified', phone_verified: true, telemetry: 'on', cell: 'B2' }],
  ['lists', { columns: ['id', 'email', 'token'], sizes: [1, 2, 3], tags: ['new', 'beta'] }],
  ['numbers', { a: 0, b: -1.5, c: 1e21, d: 4.532015112830366, e: 9007199254740991 }],
]

describe('logger.info() leaves alone', () => {
  test.each(TEXTS)('%s', (text) => {
    const logs = captureLogs()

    logs.logger.info({ note: text }, text)

    expect(logs.records()[0]).toMatchObject({ message: text, context: { note: text } })
  })

  test.each(FIELDS)('fields about %s', (_name, fields) => {
    const logs = captureLogs()

    logs.logger.info(fields, 'm')

    expect(logs.records()[0]?.context).toEqual(fields)
  })

  test('ids of every kind when drawn by the thousand', () => {
    const logs = captureLogs()
    const drawn = Array.from({ length: 2000 }, () => [randomUUID(), createTraceId(), createSpanId()]).flat()

    // Sixteen decimal digits that pass the Luhn check are a card number to anybody who reads them.
    const ids = drawn.filter((id) => /[a-f]/.test(id))
    for (const id of ids) logs.logger.info({ request: id }, id)

    const changed = logs.records().filter(({ message }, i) => message !== ids[i])
    expect(changed.map(({ message }) => message)).toEqual([])
  })
})
