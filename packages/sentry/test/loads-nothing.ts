/** Run as a process of its own: prints how many modules of the SDK were asked for. */
import { registerHooks } from 'node:module'

let sentry = 0
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@sentry/')) sentry++
    return next(specifier, context)
  },
})
const { startSentry } = await import('../src/index.ts')
const started = await startSentry({ dsn: process.env['DSN'], service: 'a', version: '1', env: 'test' })
await started.close()
console.log(JSON.stringify({ enabled: started.enabled, sentry }))
