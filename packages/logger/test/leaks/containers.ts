import { createContext, runInNewContext } from 'node:vm'
import { type Attempt, attempt, SECRET } from './attempt.ts'

class Account {
  readonly id = 1
  password = SECRET
  nested = { apiKey: SECRET }
}
class Inherited extends Account {
  readonly extra = true
}
class WithJson {
  toJSON() {
    return { user: 'ann', token: SECRET }
  }
}
class Getter {
  get password() {
    return SECRET
  }
  toJSON() {
    return { password: this.password }
  }
}

function nest(depth: number, leaf: object): object {
  return depth === 0 ? leaf : { level: nest(depth - 1, leaf) }
}

function withCycle(): object {
  const node: Record<string, unknown> = { password: SECRET }
  node['self'] = node
  return node
}

const foreign = createContext({ SECRET })

export const containers: readonly Attempt[] = [
  attempt('own member', (l) => l.info({ password: SECRET }, 'm')),
  attempt('two levels down', (l) => l.info({ user: { password: SECRET } }, 'm')),
  attempt('eleven levels down', (l) => l.info(nest(10, { password: SECRET }), 'm')),
  attempt('fifty levels down', (l) => l.info(nest(50, { password: SECRET }), 'm')),
  attempt('array of objects', (l) => l.info({ users: [{ password: SECRET }, { password: SECRET }] }, 'm')),
  attempt('array of arrays', (l) => l.info({ rows: [[[{ token: SECRET }]]] }, 'm')),
  attempt('array as fields', (l) => l.info([{ password: SECRET }], 'm')),
  attempt('Map', (l) => l.info({ map: new Map([['password', SECRET]]) }, 'm')),
  attempt('Map as fields', (l) => l.info(new Map([['password', SECRET]]), 'm')),
  attempt('Map in Map', (l) => l.info({ map: new Map([['a', new Map([['api_key', SECRET]])]]) }, 'm')),
  attempt('Map with object key', (l) => l.info({ map: new Map([[{ password: SECRET }, 1]]) }, 'm')),
  attempt('Map with symbol key', (l) => l.info({ map: new Map([[Symbol('password'), SECRET]]) }, 'm')),
  attempt('Set of objects', (l) => l.info({ set: new Set([{ secret: SECRET }]) }, 'm')),
  attempt('Set of pairs', (l) => l.info({ set: new Set([['secret', SECRET]]) }, 'm')),
  attempt('Headers', (l) =>
    l.info({ headers: new Headers({ authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET }) }, 'm'),
  ),
  attempt('Headers as fields', (l) => l.info(new Headers({ cookie: `sid=${SECRET}` }), 'm')),
  attempt('URLSearchParams', (l) => l.info({ query: new URLSearchParams({ token: SECRET }) }, 'm')),
  attempt('FormData', (l) => {
    const form = new FormData()
    form.set('password', SECRET)
    l.info({ form }, 'm')
  }),
  attempt('URL with userinfo', (l) => l.info({ url: new URL(`https://ann:${SECRET}@example.com/x`) }, 'm')),
  attempt('URL with query', (l) => l.info({ url: new URL(`https://example.com/x?access_token=${SECRET}`) }, 'm')),
  attempt('rawHeaders', (l) =>
    l.info({ rawHeaders: ['Host', 'x', 'Authorization', `Custom ${SECRET}`, 'Cookie', SECRET] }, 'm'),
  ),
  attempt('pair array', (l) => l.info({ pair: ['password', SECRET] }, 'm')),
  attempt('pairs array', (l) =>
    l.info(
      {
        pairs: [
          ['user', 'ann'],
          ['password', SECRET],
        ],
      },
      'm',
    ),
  ),
  attempt('pair with object value', (l) => l.info({ pairs: [['secret', { a: SECRET }]] }, 'm')),
  attempt('name and value', (l) => l.info({ fields: [{ name: 'password', value: SECRET }] }, 'm')),
  attempt('value before name', (l) => l.info({ fields: [{ value: SECRET, name: 'password' }] }, 'm')),
  attempt('key and value', (l) => l.info({ attributes: [{ key: 'api.key', value: { stringValue: SECRET } }] }, 'm')),
  attempt('validation error', (l) => l.info({ errors: [{ path: ['body', 'password'], received: SECRET }] }, 'm')),
  attempt('param and value', (l) => l.info({ errors: [{ param: 'password', value: SECRET, msg: 'too short' }] }, 'm')),
  attempt('command line', (l) => l.info({ argv: ['node', 'x.js', '--password', SECRET] }, 'm')),
  attempt('command line with =', (l) => l.info({ argv: ['node', `--api-key=${SECRET}`] }, 'm')),
  attempt('class instance', (l) => l.info({ account: new Account() }, 'm')),
  attempt('class instance as fields', (l) => l.info(new Account(), 'm')),
  attempt('derived class', (l) => l.info({ account: new Inherited() }, 'm')),
  attempt('toJSON', (l) => l.info({ it: new WithJson() }, 'm')),
  attempt('toJSON with getter', (l) => l.info({ it: new Getter() }, 'm')),
  attempt('toJSON under a secret key', (l) => l.info({ password: { toJSON: () => SECRET } }, 'm')),
  attempt('toJSON that returns text', (l) => l.info({ it: { toJSON: () => `password=${SECRET}` } }, 'm')),
  attempt('getter', (l) =>
    l.info(
      {
        get password() {
          return SECRET
        },
      },
      'm',
    ),
  ),
  attempt('getter that answers differently', (l) => {
    let reads = 0
    const names = ['a', 'b']
    l.info(
      {
        get note() {
          return reads++ === 0 ? `password=${SECRET}` : names
        },
      },
      'm',
    )
  }),
  attempt('Proxy', (l) => l.info({ it: new Proxy({ password: SECRET }, {}) }, 'm')),
  attempt('Proxy that invents members', (l) => {
    const handler: ProxyHandler<object> = {
      ownKeys: () => ['password'],
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: SECRET }),
      get: (_target, key) => (key === 'password' ? SECRET : undefined),
    }
    l.info({ it: new Proxy({}, handler) }, 'm')
  }),
  attempt('symbol member', (l) => l.info({ [Symbol('password')]: SECRET, a: 1 }, 'm')),
  attempt('null prototype', (l) => l.info(Object.assign(Object.create(null), { password: SECRET }), 'm')),
  attempt('frozen', (l) => l.info(Object.freeze({ password: SECRET }), 'm')),
  attempt('cycle', (l) => l.info(withCycle(), 'm')),
  attempt('Buffer', (l) => l.info({ body: Buffer.from(`password=${SECRET}`) }, 'm')),
  attempt('Buffer through JSON', (l) => l.info({ body: JSON.parse(JSON.stringify(Buffer.from(SECRET))) }, 'm'), [
    SECRET,
    String([...Buffer.from(SECRET)]),
  ]),
  attempt('Uint8Array', (l) => l.info({ body: new TextEncoder().encode(SECRET) }, 'm'), [
    SECRET,
    String([...Buffer.from(SECRET)]),
  ]),
  attempt('ArrayBuffer', (l) => l.info({ body: new TextEncoder().encode(SECRET).buffer }, 'm')),
  attempt('secret key with object', (l) => l.info({ credentials: { user: 'ann', value: SECRET } }, 'm')),
  attempt('secret key with array', (l) => l.info({ tokens: [SECRET, SECRET] }, 'm')),
  attempt('secret key with Map', (l) => l.info({ secret: new Map([['a', SECRET]]) }, 'm')),
  attempt('secret key with number', (l) => l.info({ pin: 483_921 }, 'm'), ['483921']),
  attempt('secret key with bigint', (l) => l.info({ pin: 483_921n }, 'm'), ['483921']),
  attempt('secret key with Buffer', (l) => l.info({ private_key: Buffer.from(SECRET) }, 'm')),
  attempt('secret key with boxed text', (l) => l.info({ password: new String(SECRET) }, 'm')),
  attempt('secret key with function', (l) => l.info({ password: Object.assign(() => 1, { x: SECRET }), a: 1 }, 'm')),
  attempt('boxed text with pair', (l) => l.info({ it: new String(`token=${SECRET}`) }, 'm')),
  attempt('foreign realm object', (l) => l.info({ it: runInNewContext('({ password: SECRET })', foreign) }, 'm')),
  attempt('foreign realm Map', (l) => l.info({ it: runInNewContext('new Map([["password", SECRET]])', foreign) }, 'm')),
  attempt('more than 200 keys', (l) => {
    const entries = Array.from({ length: 300 }, (_, i) => [`password${i}`, SECRET])
    l.info(Object.fromEntries(entries), 'm')
  }),
  attempt('more than 5000 nodes', (l) =>
    l.info({ a: Array.from({ length: 190 }, () => Array.from({ length: 190 }, () => ({ password: SECRET }))) }, 'm'),
  ),
  attempt('text across the cut', (l) =>
    l.info({ text: `${'x'.repeat(32_760)} password=${SECRET} ${'y'.repeat(50_000)}` }, 'm'),
  ),
  attempt('text before a secret that is cut', (l) => l.info({ text: `${'x'.repeat(40_950)} password=${SECRET}` }, 'm')),
  attempt('Request', (l) =>
    l.info({ req: new Request(`http://x/?token=${SECRET}`, { headers: { authorization: SECRET } }) }, 'm'),
  ),
  attempt('Response', (l) => l.info({ res: new Response('', { headers: { 'set-cookie': `sid=${SECRET}` } }) }, 'm')),
  attempt('iterator', (l) => l.info({ it: new Map([['password', SECRET]]).entries() }, 'm')),
  attempt('prefixed keys', (l) =>
    l.info({ db_password: SECRET, 'user.password': SECRET, 'X-Auth-Token': SECRET }, 'm'),
  ),
]
