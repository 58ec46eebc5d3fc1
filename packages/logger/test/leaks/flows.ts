import { createContext, runInContext } from '@ops/core'
import { type Attempt, attempt, SECRET } from './attempt.ts'

const error = new Error(`password=${SECRET}`)

export const flows: readonly Attempt[] = [
  attempt('child bindings', (l) => l.child({ password: SECRET, note: `token=${SECRET}` }).info('m')),
  attempt('children of children', (l) =>
    l
      .child({ a: 1 })
      .child({ b: { apiKey: SECRET } })
      .info({ a: 2 }, 'm'),
  ),
  attempt('child with an error', (l) => l.child({ err: error }).info('m')),
  attempt('child with a getter', (l) =>
    l
      .child({
        get token() {
          return SECRET
        },
      })
      .info('m'),
  ),
  attempt('child with a component', (l) => l.child({ component: `password=${SECRET}` }).info('m')),
  attempt('%s', (l) => l.info('login %s', `password=${SECRET}`)),
  attempt('%s after a key', (l) => l.info('password=%s', SECRET)),
  attempt('%s in prose', (l) => l.info('password is %s', SECRET)),
  attempt('%s with an object', (l) => l.info('login %s', { password: SECRET })),
  attempt('%o', (l) => l.info('login %o', { password: SECRET })),
  attempt('%O', (l) => l.info('login %O', { nested: { password: SECRET } })),
  attempt('%j', (l) => l.info('login %j', { password: SECRET })),
  attempt('%j with an error', (l) => l.info('login %j', error)),
  attempt('%d', (l) => l.info('pin=%d', 483_921), ['483921']),
  attempt('fields and %s', (l) => l.info({ a: 1 }, 'token=%s', SECRET)),
  attempt('arguments without place', (l) => l.info('login', `password=${SECRET}`, { token: SECRET })),
  attempt('object last', (l) => l.info('login', { password: SECRET })),
  attempt('more arguments than places', (l) => l.info('login %s', 'ann', { password: SECRET }, error)),
  attempt('fields that are a function', (l) => l.info(Object.assign(() => 1, { password: SECRET }) as object, 'm')),
  attempt('message that is an object', (l) => l.info({ a: 1 }, { password: SECRET } as never)),
  attempt('message that is a boxed text', (l) => l.info(new String(`password=${SECRET}`) as never)),
  attempt('debug', (l) => l.debug({ password: SECRET }, 'm')),
  attempt('warn', (l) => l.warn({ password: SECRET }, 'm')),
  attempt('fatal', (l) => l.fatal({ password: SECRET }, 'm')),
  attempt('audit', (l) => l.audit({ actor: 'Ann', password: SECRET, note: `token=${SECRET}` }, `password=${SECRET}`)),
  attempt(
    'tenant and user',
    (l) => {
      const context = createContext({
        tenant: `token=${SECRET}`,
        userId: 'ada.lovelace@example.com',
        requestId: '4111111111111111',
      })
      runInContext(context, () => l.info('m'))
    },
    [SECRET, 'ada.lovelace', '4111111111111111'],
  ),
  attempt('error while serialising', (l) =>
    l.info(
      {
        get a() {
          throw error
        },
      },
      'm',
    ),
  ),
  attempt('error while serialising text', (l) =>
    l.info(
      {
        get a() {
          throw `password=${SECRET}`
        },
      },
      'm',
    ),
  ),
  attempt('toJSON that throws', (l) =>
    l.info(
      {
        a: {
          toJSON() {
            throw error
          },
        },
      },
      'm',
    ),
  ),
  attempt('Proxy that throws', (l) =>
    l.info(
      {
        a: new Proxy(
          {},
          {
            ownKeys() {
              throw error
            },
          },
        ),
      },
      'm',
    ),
  ),
  attempt('iterator that throws', (l) => {
    const headers = new Headers({ a: 'b' })
    Object.defineProperty(headers, Symbol.iterator, {
      value() {
        throw error
      },
    })
    l.info({ headers }, 'm')
  }),
  attempt('pino', (l) => l.pino.info({ password: SECRET, nested: { token: SECRET } }, `password=${SECRET}`)),
  attempt('pino child', (l) =>
    l.pino
      .child({ password: SECRET })
      .child({ a: { token: SECRET } })
      .info('m'),
  ),
  attempt('pino with arguments', (l) => l.pino.info('login %s %j', `password=${SECRET}`, { token: SECRET })),
  attempt('pino error', (l) => l.pino.error(error)),
  attempt('pino trace', (l) => l.pino.trace({ password: SECRET }, 'm')),
  attempt('pino serializer', (l) =>
    l.pino.child({}, { serializers: { req: () => ({ headers: { cookie: SECRET } }) } }).info({ req: {} }, 'm'),
  ),
  attempt('pino bindings set later', (l) => {
    const child = l.pino.child({})
    child.setBindings({ token: SECRET })
    child.info('m')
  }),
  attempt('keys', (l) => l.info({ [`password=${SECRET}`]: 1, 'ada.lovelace@example.com': 2 }, 'm'), [
    SECRET,
    'ada.lovelace',
  ]),
  attempt('Map keys', (l) => l.info({ map: new Map([[`token=${SECRET}`, 1]]) }, 'm')),
  attempt(
    'level change',
    (l) => l.setLevel('debug', { component: `password=${SECRET}`, by: 'ada.lovelace@example.com' }),
    [SECRET, 'ada.lovelace'],
  ),
  attempt('symbol', (l) => l.info({ a: Symbol(`password=${SECRET}`) }, 'm')),
  attempt('RegExp', (l) => l.info({ a: new RegExp(`password=${SECRET}`) }, 'm')),
  attempt('log during close', (l) => {
    void l.close()
    l.info({ password: SECRET }, 'late')
  }),
  attempt(
    'personal names',
    (l) =>
      l.info(
        {
          firstName: 'Lovelace',
          last_name: 'Lovelace',
          user: { name: 'Lovelace' },
          customer: { name: { first: 'Lovelace' } },
        },
        'm',
      ),
    ['Lovelace'],
  ),
  attempt(
    'personal names in languages',
    (l) =>
      l.info({ vorname: 'Lovelace', apellido: 'Lovelace', prénom: 'Lovelace', имя: 'Lovelace', 姓名: 'Lovelace' }, 'm'),
    ['Lovelace'],
  ),
  attempt(
    'phone by key',
    (l) =>
      l.info({ phone: '4155551234', mobile: 4155551234, contact: { tel: '4155551234' }, phones: ['4155551234'] }, 'm'),
    ['4155551234'],
  ),
  attempt('e-mail by key', (l) => l.info({ email: 'lovelace@localhost', emails: ['lovelace@localhost'] }, 'm'), [
    'lovelace',
  ]),
  attempt('card as number', (l) => l.info({ note: 4111111111111111, list: [5555555555554444] }, 'm'), [
    '4111111111111111',
    '5555555555554444',
  ]),
  attempt('card as bigint', (l) => l.info({ note: 4111111111111111n }, 'm'), ['4111111111111111']),
  attempt(
    'card by key',
    (l) => l.info({ payment: { card: { number: '4111', holder: SECRET } }, pan: '4111 1111' }, 'm'),
    [SECRET, '4111 1111'],
  ),
]
