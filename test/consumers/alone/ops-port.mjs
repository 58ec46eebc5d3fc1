import assert from 'node:assert/strict'
import { startOpsPort } from '@ops/ops-port'

const page = { paths: ['/version'], access: 'open', handle: () => ({ status: 200, body: '1.4.0' }) }
const opsPort = await startOpsPort({ port: 0, pages: [page] })
const response = await fetch(`http://127.0.0.1:${opsPort.port}/version`)

assert.equal(await response.text(), '1.4.0')
await opsPort.close()
