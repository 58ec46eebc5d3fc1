/** Handlers that leave the usual way: they cut their own answer off, or answer with a stream that breaks. */
import { Readable } from 'node:stream'
import { waitFor } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { serve } from './observed-app.ts'

describe('opsFastify', () => {
  test.each([
    ['destroys the raw answer half-way', 'raw'],
    ['answers with a stream that breaks half-way', 'stream'],
  ])('opsFastify() observes a request once, as cut off, when its handler %s', async (_what, how) => {
    const { url, logs, metrics, spans } = await serve((app) =>
      app.get('/half', (_, reply) => {
        if (how === 'stream') return reply.send(Readable.from(brokenHalfWay()))
        reply.hijack()
        reply.raw.write('half')
        setImmediate(() => reply.raw.destroy())
        return reply
      }),
    )

    await expect(fetch(`${url}/half`).then((response) => response.text())).rejects.toThrow()
    await waitFor(() => logs.records.length === 1)

    expect(logs.records[0]?.fields).toMatchObject({ route: '/half', status: 499 })
    expect(metrics.value('http_requests_total', { route: '/half', status: '499' })).toBe(1)
    await metrics.collect()
    expect(metrics.value('http_requests_in_flight')).toBe(0)
    expect(spans).toHaveLength(1)
  })
})

async function* brokenHalfWay(): AsyncGenerator<string> {
  yield 'half'
  throw new Error('the source broke')
}
