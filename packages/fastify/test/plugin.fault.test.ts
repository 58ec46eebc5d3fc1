import { currentContext } from '@ops/core'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { serve, TRACE_ID } from './observed-app.ts'

describe('opsFastify', () => {
  test('opsFastify() logs the error and answers with both ids when a handler throws', async () => {
    const { url, logs, spans } = await serve((app) =>
      app.get('/', async () => {
        throw new RangeError('boom')
      }),
    )

    const response = await fetch(url)
    await waitFor(() => logs.records.length === 1)

    expect(response.status).toBe(500)
    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}$/)
    expect(logs.records[0]?.error?.message).toBe('boom')
    expect(spans[0]?.status.code).toBe(2)
  })

  test('opsFastify() sends the ids when a reply is hijacked', async () => {
    const { url } = await serve((app) =>
      app.get('/', (_, reply) => {
        reply.hijack()
        reply.raw.end('raw')
      }),
    )

    const response = await fetch(url)

    expect(await response.text()).toBe('raw')
    expect(response.headers.get('x-trace-id')).toMatch(TRACE_ID)
  })

  test('opsFastify() records 499 and aborts the signal when the client goes away', async () => {
    const client = new AbortController()
    let aborted = false
    const { url, logs } = await serve((app) =>
      app.get('/', () => {
        currentContext()?.signal.addEventListener('abort', () => {
          aborted = true
        })
        client.abort()
        return new Promise(() => {})
      }),
    )

    await expect(fetch(url, { signal: client.signal })).rejects.toThrow()
    await waitFor(() => logs.records.length === 1)

    expect(aborted).toBe(true)
    expect(logs.records[0]?.fields).toMatchObject({ status: 499 })
  })

  test('opsFastify() answers probes and refusals itself when a health gate is given', async () => {
    const health = {
      handle: (path: string) => (path === '/livez' ? { status: 200, headers: {}, body: 'ok' } : undefined),
      admit: () => ({ retryAfterMs: 10 }),
    }
    const { url, logs } = await serve((app) => app.get('/', async () => 'never'), { health })

    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const refused = await fetch(url)

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(logs.records).toEqual([])
  })

  test('opsFastify() still answers and observes when the log, the meter and the gate throw nothing but the error handler does', async () => {
    const { url, logs } = await serve((app) => {
      app.setErrorHandler(() => {
        throw new Error('handler of errors failed')
      })
      app.get('/', async () => {
        throw new Error('first')
      })
    })

    const response = await fetch(url)
    await waitFor(() => logs.records.length === 1)

    expect(response.status).toBe(500)
    expect(logs.records[0]?.error?.message).toBe('first')
  })

  test('opsFastify() observes a request once when a handler answers twice', async () => {
    const { url, logs } = await serve((app) =>
      app.get('/', async (_, reply) => {
        reply.send('once')
        return 'twice'
      }),
    )

    await (await fetch(url)).text()
    await (await fetch(`${url}/other`)).text()
    await waitFor(() => logs.records.length === 2)

    expect(logs.records.map(({ fields }) => fields['route'])).toEqual(['/', '__unmatched__'])
  })
})
