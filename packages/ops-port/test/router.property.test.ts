import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OpsRequest } from '../src/index.ts'
import { createRouter } from '../src/router.ts'

const request = (path: string, method: string, authorized: boolean): OpsRequest => ({
  method,
  path,
  query: '',
  headers: {},
  body: '',
  remoteAddress: '',
  authorized,
})
const anyPage = fc.record({
  path: fc.stringMatching(/^\/[a-z]{1,3}$/),
  access: fc.constantFrom('open' as const, 'restricted' as const),
  fails: fc.boolean(),
})
const anyPages = fc.uniqueArray(anyPage, { selector: ({ path }) => path, maxLength: 8 })
const anyMethod = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'x')

describe('createRouter()', () => {
  it('createRouter() never shows a restricted page to a stranger and never rejects, for any pages and requests', async () => {
    const anyRequest = fc.record({
      path: fc.stringMatching(/^\/[a-z]{0,3}$/),
      method: anyMethod,
      authorized: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(anyPages, anyRequest, fc.boolean(), async (pages, { path, method, authorized }, hasToken) => {
        const route = createRouter(
          pages.map((page) => ({
            paths: [page.path],
            access: page.access,
            answer: () => {
              if (page.fails) throw new Error('secret')
              return { status: 200, body: `shown ${page.path}` }
            },
          })),
          hasToken,
        )

        const { status, body } = await route(request(path, method, authorized))

        const page = pages.find((one) => one.path === path)
        const visible = page !== undefined && (page.access === 'open' || authorized)
        const allowed = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method)
        expect(String(body)).not.toContain('secret')
        expect(body === `shown ${path}`).toBe(visible && allowed && !page.fails)
        if (path !== '/' && page === undefined) expect(status).toBe(404)
        if (page !== undefined && allowed && !visible) expect(status).toBe(hasToken ? 401 : 403)
      }),
    )
  })

  it('createRouter() lists exactly the pages that the caller may see, for any pages', async () => {
    await fc.assert(
      fc.asyncProperty(anyPages, fc.boolean(), async (pages, authorized) => {
        const routes = pages.map(({ path, access }) => ({
          paths: [path],
          access,
          answer: () => ({ status: 200, body: '' }),
        }))

        const { body } = await createRouter(routes, false)(request('/', 'GET', authorized))

        const visible = pages.filter(({ access }) => access === 'open' || authorized).map(({ path }) => path)
        expect(String(body).split('\n').filter(Boolean)).toEqual(visible.sort())
      }),
    )
  })
})
