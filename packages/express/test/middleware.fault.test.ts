import { currentContext } from '@ops/core'
import { waitFor } from '@ops/testing'
import express, { type NextFunction, type Request, type Response } from 'express'
import { describe, expect, test } from 'vitest'
import { answerErrors, serve, TRACE_ID } from './observed-app.ts'

describe('opsExpress()', () => {
  test.each([
    [
      'throws',
      () => {
        throw new RangeError('boom')
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('boom'))],
    ['calls next', (_: Request, __: Response, next: NextFunction) => next(new RangeError('boom'))],
  ])('opsExpress() logs the error when a handler %s and an error handler answers', async (_, handler) => {
    const { url, logs, spans } = await serve((app) => app.get('/x', handler as never).use(answerErrors))

    const response = await fetch(`${url}/x`)
    await waitFor(() => logs.records.length === 1)

    expect(response.status).toBe(500)
    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(logs.records[0]?.error?.message).toBe('boom')
    expect(logs.records[0]?.fields).toMatchObject({ route: '/x', status: 500 })
    expect(spans[0]?.status.code).toBe(2)
  })

  test('opsExpress() keeps the mount path of the route when a nested router fails', async () => {
    const { url, metrics, logs } = await serve((app) => {
      const nested = express.Router()
      nested.get('/items/:id', () => {
        throw new Error('boom')
      })
      app.use('/v1', nested).use(answerErrors)
    })

    await fetch(`${url}/v1/items/3`)
    await waitFor(() => logs.records.length === 1)

    expect(metrics.value('http_requests_total', { route: '/v1/items/:id', status: '500' })).toBe(1)
  })

  test('opsExpress() logs the error when middleware fails before any route', async () => {
    const { url, logs } = await serve((app) =>
      app.use(() => {
        throw new Error('early')
      }, answerErrors),
    )

    await fetch(`${url}/x`)
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]?.error?.message).toBe('early')
    expect(logs.records[0]?.fields).toMatchObject({ route: '__unmatched__' })
  })

  test('opsExpress() records 499 and aborts the signal when the client goes away', async () => {
    const client = new AbortController()
    let aborted = false
    const { url, logs } = await serve((app) =>
      app.get('/', () => {
        currentContext()?.signal.addEventListener('abort', () => {
          aborted = true
        })
        client.abort()
      }),
    )

    await expect(fetch(url, { signal: client.signal })).rejects.toThrow()
    await waitFor(() => logs.records.length === 1)

    expect(aborted).toBe(true)
    expect(logs.records[0]?.fields).toMatchObject({ status: 499 })
  })

  test('opsExpress() answers probes and refusals itself when a health gate is given', async () => {
    const health = {
      handle: (path: string) => (path === '/livez' ? { status: 200, headers: {}, body: 'ok' } : undefined),
      admit: () => ({ retryAfterMs: 10 }),
    }
    const { url, logs } = await serve((app) => app.get('/', (_, res) => void res.end('never')), { health })

    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const refused = await fetch(url)

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(logs.records).toEqual([])
  })
})
