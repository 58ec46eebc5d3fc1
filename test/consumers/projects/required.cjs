/** A CommonJS project: what it requires is what others import, so that one process has one context and one error brand. */
const assert = require('node:assert/strict')
const { createContext, currentContext, isOpsError, OpsError, runInContext } = require('@ops/core')
const { createLogger } = require('@ops/logger')
const { defineService } = require('@ops/service')

async function main() {
  const imported = await import('@ops/core')
  assert.equal(imported.OpsError, OpsError)
  assert.equal(
    runInContext(createContext({ tenant: 'acme' }), () => imported.currentContext().tenant),
    'acme',
  )
  assert.equal(currentContext(), undefined)
  const service = defineService({ name: 'orders', owner: 'team-orders', tier: 1, settings: {} })
  assert.throws(
    () => service.ops,
    (error) => isOpsError(error, 'OPS_SERVICE_NOT_RUNNING') && error instanceof OpsError,
  )
  const lines = []
  const logger = createLogger({ service: 'orders', destination: { write: (line) => void lines.push(line) } })
  logger.info('required')
  await logger.close({ timeoutMs: 1000 })
  assert.match(lines.join(''), /"message":"required"/)
}

main()
