import { expect, test } from 'vitest'
import { refusedRouteOf } from '../src/index.ts'
import { type RouterStack, routeInStack } from '../src/router-stack.ts'

type Layer = RouterStack['stack'][number]

const router = (...stack: Layer[]) => Object.assign(() => {}, { stack })
const route = (pattern: RegExp, path: unknown, method: string): Layer => ({
  route: { path, _handlesMethod: (asked) => asked === method },
  handle: () => {},
  match: (asked) => pattern.test(asked) && { path: asked },
})
const mounted = (path: string, handle: unknown): Layer => ({
  handle,
  match: (asked) => asked.startsWith(path) && { path },
})

test('routeInStack() finds the first route of the method, past middleware and in mounted routers', () => {
  const nested = router(route(/^\/[^/]+$/, '/:id', 'GET'))
  const app = router(
    mounted('', () => {}),
    route(/^\/orders$/, '/orders', 'POST'),
    mounted('/orders', nested),
    route(/./, /.*/, 'GET'),
  )

  expect(routeInStack(app, 'POST', '/orders')).toBe('/orders')
  expect(routeInStack(app, 'GET', '/orders/7')).toBe('/orders/:id')
  expect(routeInStack(app, 'GET', '/else')).toBe('/.*/')
  expect(routeInStack(app, 'PUT', '/orders/7')).toBeUndefined()
})

test('routeInStack() finds nothing in what is no router, and goes past a path that cannot be matched', () => {
  const refusing: Layer = {
    handle: () => {},
    match: () => {
      throw new URIError('malformed')
    },
  }

  expect(routeInStack(undefined, 'GET', '/')).toBeUndefined()
  expect(routeInStack({ stack: [] }, 'GET', '/')).toBeUndefined()
  expect(routeInStack(router(refusing, route(/^\/a$/, '/a', 'GET')), 'GET', '/a')).toBe('/a')
})

test.each([
  [429, '/orders/7?x=1', '/orders/:id'],
  [401, '/orders/7', '/orders/:id'],
  [404, '/orders/7', undefined],
  [200, '/orders/7', undefined],
])('refusedRouteOf() of a %i at %s is %s', (statusCode, originalUrl, expected) => {
  const app = { router: router(route(/^\/orders\/[^/]+$/, '/orders/:id', 'GET')) }

  expect(refusedRouteOf({ app, originalUrl, res: { statusCode } })).toBe(expected)
})
