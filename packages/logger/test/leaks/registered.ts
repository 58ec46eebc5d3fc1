import { encodingsOf } from '../../src/redact/encodings.ts'
import { type Attempt, attempt } from './attempt.ts'

/** Registered with the logger under test; none has a shape that a detector knows. */
export const REGISTERED: readonly string[] = [
  'correct horse battery staple',
  'p@ss/w?rd&x=1"\\end',
  'kЫ密键-ключ',
  '7394018265',
  'line one\nline two\ttab',
  'abcd',
  'zq8Lm2vT0xYw5RkN9cB4hJ7pG1sD3fA6',
  'https://ann:Tr0ub4dor@db.internal/x',
]

const base64 = (text: string) => Buffer.from(text).toString('base64')

function forms(secret: string): readonly (readonly [title: string, text: string])[] {
  return [
    ['raw', secret],
    ['in prose', `it is ${secret} you see`],
    ['between letters', `xx${secret}yy`],
    ['URL-encoded', `q=${encodeURIComponent(secret)}&x`],
    ['URL-encoded twice', encodeURIComponent(encodeURIComponent(secret))],
    ['form-encoded', new URLSearchParams({ q: secret }).toString()],
    ['lower-case escapes', encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
    ['every byte escaped', [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')],
    ['JSON', JSON.stringify({ q: secret })],
    ['JSON twice', JSON.stringify(JSON.stringify({ q: secret }))],
    ['JSON in prose', `got ${JSON.stringify({ q: secret })} x`],
    ['unicode escapes', [...secret].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
    ['hex', Buffer.from(secret).toString('hex')],
    ['upper-case hex', Buffer.from(secret).toString('hex').toUpperCase()],
    ['full-width', `${secret[0]}\u200b${secret.slice(1)}`],
  ]
}

function base64Forms(secret: string): readonly (readonly [title: string, text: string])[] {
  return [
    ['base64', base64(secret)],
    ['base64 at offset 1', base64(`x${secret}yz`)],
    ['base64 at offset 2', base64(`xy${secret}z`)],
    ['base64 in text', `data:text/plain;base64,${base64(`user:${secret}`)}`],
    ['base64url', Buffer.from(`user:${secret}`).toString('base64url')],
  ]
}

const visible = (secret: string): string[] =>
  encodingsOf(secret).filter((form) => form.length >= Math.min(6, secret.length))

export const registered: readonly Attempt[] = REGISTERED.flatMap((secret) => [
  ...[...forms(secret), ...(secret.length > 4 ? base64Forms(secret) : [])].map(([title, text]) =>
    attempt(
      `${title} of secret ${REGISTERED.indexOf(secret)}`,
      (l) => l.info({ note: text, list: [text] }, text),
      visible(secret),
    ),
  ),
  attempt(`key of secret ${REGISTERED.indexOf(secret)}`, (l) => l.info({ [secret]: 1 }, 'm'), visible(secret)),
  attempt(
    `error of secret ${REGISTERED.indexOf(secret)}`,
    (l) => l.error(new Error(`x ${secret}`), 'm'),
    visible(secret),
  ),
  attempt(
    `child of secret ${REGISTERED.indexOf(secret)}`,
    (l) => l.child({ a: secret, component: secret }).info('m'),
    visible(secret),
  ),
])
