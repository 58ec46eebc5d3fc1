import assert from 'node:assert/strict'
import { createContext, currentContext, runInContext } from '@ops/core'

const seen = await runInContext(createContext({ tenant: 'acme' }), async () => {
  await Promise.resolve()
  return currentContext()?.tenant
})

assert.equal(seen, 'acme')
