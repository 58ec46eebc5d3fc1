import { createContext, runInNewContext } from 'node:vm'
import { OpsError } from '@ops/core'
import { type Attempt, attempt, SECRET } from './attempt.ts'

const request = {
  url: `https://api.example.com/pay?token=${SECRET}`,
  method: 'post',
  headers: { authorization: SECRET },
  auth: { username: 'ann', password: SECRET },
  data: SECRET,
}

class AxiosLikeError extends Error {
  readonly isAxiosError = true
  readonly config = request
  readonly request = { _header: `Authorization: Bearer ${SECRET}`, path: '/pay' }
  readonly response = { status: 502, data: { token: SECRET }, headers: { 'set-cookie': [SECRET] }, config: request }
  toJSON() {
    return { message: this.message, config: this.config }
  }
}
class PgError extends Error {
  readonly code = '23505'
  readonly detail = `Key (password)=(${SECRET}) already exists.`
  readonly parameters = [SECRET]
}
class HostileError extends Error {
  override get message(): string {
    throw new Error(`token=${SECRET}`)
  }
  override get stack(): string {
    throw new Error(`token=${SECRET}`)
  }
}
class StackOnly extends Error {
  override stack = `Error: x\n    at f (postgres://ann:${SECRET}@db/x)`
}

const leaky = (message = `password=${SECRET}`) => new Error(message)
const chain = (depth: number): Error => (depth === 0 ? leaky() : new Error('outer', { cause: chain(depth - 1) }))
const foreign = createContext({ SECRET })

function cyclic(): Error {
  const error = leaky()
  error.cause = error
  return error
}

function withMember(name: string, value: unknown): Error {
  return Object.assign(new Error('x'), { [name]: value })
}

export const errors: readonly Attempt[] = [
  attempt('message', (l) => l.error(leaky(), 'failed')),
  attempt('message without text', (l) => l.error(leaky())),
  attempt('message as err', (l) => l.error({ err: leaky() }, 'failed')),
  attempt('message as error', (l) => l.error({ error: leaky() }, 'failed')),
  attempt('error in a member', (l) => l.error({ a: { b: leaky() } }, 'failed')),
  attempt('error in an array', (l) => l.error({ all: [leaky(), leaky()] }, 'failed')),
  attempt('error last', (l) => l.error('failed', leaky())),
  attempt('error after fields', (l) => l.error({ a: 1 }, 'failed', leaky())),
  attempt('error as second', (l) => l.error({ a: 1 }, leaky() as never)),
  attempt('cause', (l) => l.error(new Error('x', { cause: leaky() }), 'failed')),
  attempt('cause as text', (l) => l.error(new Error('x', { cause: `password=${SECRET}` }), 'failed')),
  attempt('cause as object', (l) => l.error(new Error('x', { cause: { password: SECRET } }), 'failed')),
  attempt('ten causes', (l) => l.error(chain(10), 'failed')),
  attempt('fifty causes', (l) => l.error(chain(50), 'failed')),
  attempt('cyclic cause', (l) => l.error(cyclic(), 'failed')),
  attempt('AggregateError', (l) =>
    l.error(new AggregateError([leaky(), new Error('y', { cause: leaky() })], `token=${SECRET}`), 'failed'),
  ),
  attempt('HTTP client error', (l) => l.error(new AxiosLikeError(`Request failed token=${SECRET}`), 'failed')),
  attempt('HTTP client error in a member', (l) => l.error({ failure: new AxiosLikeError('x') }, 'failed')),
  attempt('database error', (l) => l.error(new PgError('duplicate key'), 'failed')),
  attempt('OpsError details', (l) =>
    l.error(new OpsError('x', { code: 'OPS_X', details: { token: SECRET } }), 'failed'),
  ),
  attempt('stack', (l) => l.error(new StackOnly('x'), 'failed')),
  attempt('name', (l) => l.error(withMember('name', `password=${SECRET}`), 'failed')),
  attempt('code', (l) => l.error(withMember('code', `token=${SECRET}`), 'failed')),
  attempt('message that is an object', (l) => l.error(withMember('message', { password: SECRET }), 'failed')),
  attempt('stack that is an object', (l) => l.error(withMember('stack', [{ password: SECRET }]), 'failed')),
  attempt('errors that is an object', (l) => l.error(withMember('errors', { password: SECRET }), 'failed')),
  attempt('getters that throw secrets', (l) => l.error(new HostileError(), 'failed')),
  attempt('frozen', (l) => l.error(Object.freeze(leaky()), 'failed')),
  attempt('foreign realm', (l) => l.error(runInNewContext('new Error("password=" + SECRET)', foreign), 'failed')),
  attempt('foreign realm cause', (l) =>
    l.error(new Error('x', { cause: runInNewContext('new TypeError("password=" + SECRET)', foreign) }), 'failed'),
  ),
  attempt('DOMException', (l) => l.error(new DOMException(`token=${SECRET}`, 'AbortError'), 'failed')),
  attempt('JSON.parse error', (l) => {
    try {
      JSON.parse(`{"password":"${SECRET}" x`)
    } catch (error) {
      l.error(error as Error, 'failed')
    }
  }),
  attempt('URL error', (l) => {
    try {
      new URL(`postgres//ann:${SECRET}`)
    } catch (error) {
      l.error(Object.assign(error as Error, { input: SECRET }), 'failed')
    }
  }),
  attempt('error with null prototype', (l) => l.error(Object.setPrototypeOf(leaky(), null), 'failed')),
  attempt('thrown object', (l) => l.error({ thrown: { message: 'x', password: SECRET } }, 'failed')),
  attempt('error under a secret key', (l) => l.error({ token: leaky(SECRET) }, 'failed')),
  attempt('error in a Map', (l) => l.error({ map: new Map([['a', leaky()]]) }, 'failed')),
  attempt('Proxy of an error', (l) => l.error({ e: new Proxy(leaky(), {}) }, 'failed')),
  attempt('rejection reasons', (l) => l.error({ results: [{ status: 'rejected', reason: leaky() }] }, 'failed')),
  attempt('child process error', (l) => l.error(withMember('cmd', `mysql --password=${SECRET}`), 'failed')),
]
