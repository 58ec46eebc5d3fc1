/** Stops a service while it answers. */
import assert from 'node:assert/strict'
import { waitFor } from '@ops/testing'
import { startService } from './driver.ts'

const service = await startService('main.ts')
const slow = fetch(`${service.app}/slow`)
const inFlight = async () =>
  /^http_requests_in_flight\S* 1$/m.test(await (await fetch(`${service.ops}/metrics`)).text())
await waitFor(inFlight, { timeoutMs: 20_000 })

const exit = service.stop()
const response = await slow
assert.deepEqual(await response.json(), { done: true })
assert.equal(response.headers.get('connection'), 'close')
assert.equal(await exit, 0)
const messages = service.lines.map((line) => line['message'])
assert.ok(messages.indexOf('work that is no request') < messages.indexOf('closing what the others used'))
