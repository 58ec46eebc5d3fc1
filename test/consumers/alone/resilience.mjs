import assert from 'node:assert/strict'
import { createPolicy } from '@ops/resilience'

const protect = createPolicy({ name: 'ledger', timeoutMs: 20 })

// Its timers keep no process alive; a server does, here.
const alive = setInterval(() => {}, 1000)

assert.equal(await protect(async () => 'posted'), 'posted')
await assert.rejects(
  protect(() => new Promise(() => {})),
  { code: /^OPS_RESILIENCE_/ },
)
clearInterval(alive)
