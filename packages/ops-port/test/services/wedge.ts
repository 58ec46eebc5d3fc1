/** An ops port whose main thread can be blocked: `/block` does it for good, after it has answered. */
import { writeSync } from 'node:fs'
import { type OpsPage, startOpsPort } from '../../src/index.ts'

let answered = 0
const pages: OpsPage[] = [
  { paths: ['/main'], access: 'open', handle: () => ({ status: 200, body: String(++answered) }) },
  {
    paths: ['/echo', '/shared', '/call'],
    access: 'open',
    worker: { module: new URL('../pages/echo.ts', import.meta.url), data: { shared: new SharedArrayBuffer(4) } },
    respond: (message) => message,
  },
  {
    paths: ['/block'],
    access: 'open',
    handle: (request) => {
      setImmediate(() => {
        const end = performance.now() + Number(request.query)
        while (performance.now() < end);
      })
      return { status: 200, body: 'blocking' }
    },
  },
  {
    paths: ['/leave'],
    access: 'open',
    handle: () => {
      clearInterval(alive)
      return { status: 200, body: 'leaving' }
    },
  },
]
const alive = setInterval(() => {}, 1000)
const { port } = await startOpsPort({ port: 0, pages, mainTimeoutMs: 200 })
writeSync(1, `${port}\n`)
