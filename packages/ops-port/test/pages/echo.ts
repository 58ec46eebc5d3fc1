/** A worker page for the tests: shared memory, a moved port, and questions to the main thread. */
import type { MessagePort } from 'node:worker_threads'
import type { MainThread, OpsHandler } from '../../src/index.ts'

interface EchoData {
  readonly shared: SharedArrayBuffer
  readonly inner: { readonly port: MessagePort }
}

export function createPage(data: EchoData, main: MainThread): OpsHandler {
  const cell = new Int32Array(data.shared)
  return async (request) => {
    if (request.path === '/shared') return { status: 200, body: String(Atomics.load(cell, 0)) }
    if (request.path === '/stray') setImmediate(() => JSON.parse('stray'))
    if (request.path === '/post') data.inner.port.postMessage('moved')
    if (request.path === '/call') {
      const answer = await main.call({ query: request.query }, 500)
      return { status: 200, body: JSON.stringify(answer) }
    }
    return { status: 200, body: new TextEncoder().encode(request.body) }
  }
}
