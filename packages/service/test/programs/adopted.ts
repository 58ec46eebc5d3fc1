/** An application that was there before the service: started around it, without a module of its own. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { defineService } from '@ops/service'

const declared = defineService({ name: 'adopted', owner: 'team-test', tier: 3, settings: {} })
const service = await declared.run()
const { lifecycle, logger, opsPort } = service.ops
const ready = await fetch(`http://127.0.0.1:${opsPort}/readyz`)
const server = createServer()
lifecycle.http(server)
lifecycle.onClose('application', () => logger.info('closed what was opened'))
await once(server.listen(0), 'listening')
logger.info({ listening: 0, opsPort, ready: ready.status, same: Number(service === declared) }, 'listening')
