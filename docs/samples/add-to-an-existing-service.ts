/** Drives an Express application that was given a service. */
import assert from 'node:assert/strict'
import { waitFor } from '@ops/testing'
import { startService } from './driver.ts'

const service = await startService('server.ts', { NODE_ENV: 'test' }) // or Express prints errors too
// The ops port may say ready first, as the guide says.
const response = await waitFor(() => fetch(`${service.app}/orders/7`))
assert.deepEqual(await response.json(), { id: '7' })
assert.equal((await fetch(`${service.app}/orders/0`)).status, 500)
const failed = await service.line('request failed')
assert.match(JSON.stringify(failed['error']), /no order has the number 0/)
assert.equal(await service.stop(), 0)
