/** Drives the orders service of the repository's README. */
import assert from 'node:assert/strict'
import { startService } from './driver.ts'

const service = await startService('main.ts')
assert.deepEqual(await (await fetch(`${service.app}/orders/7`)).json(), { id: '7' })
assert.equal((await service.line('request completed'))['service'], 'orders')
assert.equal(await service.stop(), 0)
