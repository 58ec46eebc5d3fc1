import { expect, test } from 'vitest'
import { expressRouteOf } from '../src/index.ts'

const router = (...stack: object[]) => Object.assign(() => {}, { stack })
const route = (path: unknown, pattern: RegExp, method = 'GET') => ({
  route: { path, _handlesMethod: (asked: string) => asked === method },
  handle: () => {},
  match: (asked: string) => pattern.test(asked) && { path: asked, pattern: path },
})
const mounted = (rawPath: string, pattern: RegExp, handle: unknown) => ({
  ...{ rawPath, handle },
  match(asked: string) {
    const path = pattern.exec(asked)?.[0]
    return path !== undefined && { path, pattern: rawPath }
  },
})
const refused = (app: { router: unknown }, method: string, originalUrl: string, statusCode = 429) =>
  expressRouteOf({ app, method, originalUrl, res: { statusCode } })

test('expressRouteOf() names a refused request by the first route of its method, past middleware and in mounted routers', () => {
  const nested = router(route('/:id', /^\/[^/]+$/))
  const app = {
    router: router(
      mounted('/', /^/, () => {}),
      route('/shops', /^\/shops$/, 'POST'),
      mounted('/shops/:shop', /^\/shops\/[^/]+/, nested),
      route(/.*/, /./),
    ),
  }

  expect(refused(app, 'POST', '/shops')).toBe('/shops')
  expect(refused(app, 'GET', '/shops/acme/7?x=1')).toBe('/shops/:shop/:id')
  expect(refused(app, 'GET', '/else')).toBe('/.*/')
  expect(refused(app, 'PUT', '/shops/acme/7')).toBeUndefined()
})

test.each([404, 200])('expressRouteOf() names no route that did not answer when the status is %i', (status) => {
  expect(refused({ router: router(route('/a', /^\/a$/)) }, 'GET', '/a', status)).toBeUndefined()
})

test('expressRouteOf() finds nothing in what is no router, and goes past a path that cannot be matched', () => {
  const refusing = {
    handle: () => {},
    match() {
      throw new URIError('malformed')
    },
  }

  expect(expressRouteOf({ res: { statusCode: 429 } })).toBeUndefined()
  expect(refused({ router: { stack: [] } }, 'GET', '/')).toBeUndefined()
  expect(refused({ router: router(refusing, route('/a', /^\/a$/)) }, 'GET', '/a')).toBe('/a')
})

test('expressRouteOf() keeps the path of a mount point where no stack shows its pattern', () => {
  const answered = { path: '/:id' }

  expect(expressRouteOf({ route: answered, baseUrl: '/v1', app: { router: router() } })).toBe('/v1/:id')
  expect(expressRouteOf({ route: answered, baseUrl: '' })).toBe('/:id')
})
