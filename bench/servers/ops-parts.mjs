// The parts of the request path as @ops/service wires them, by the layers under test.
import { createSecretRegistry } from '../../packages/core/dist/index.js'
import { createHealth } from '../../packages/health/dist/index.js'
import { createLogger } from '../../packages/logger/dist/index.js'
import { createMetrics } from '../../packages/metrics/dist/index.js'
import { startTracing } from '../../packages/tracing/dist/index.js'
import { has } from './common.mjs'

/** LAYERS chooses; LOG_MODE=batch holds lines back up to 100 ms as the hand-written floor does. */
export function parts() {
  const meter = has('metrics') ? createMetrics({}, { service: 'bench' }) : undefined
  const logger = has('log') ? createLog(meter) : undefined
  if (has('trace')) {
    startTracing({
      service: 'bench',
      env: 'bench',
      sample: { head: Number(process.env.SAMPLE ?? 1) },
      export: { otlp: process.env.OTLP_URL },
      ...(logger === undefined ? {} : { scrubber: logger.scrubber, logger }),
      ...(meter === undefined ? {} : { meter }),
    })
  }
  const health = has('health') ? createHealth({ ...(meter === undefined ? {} : { meter }) }) : undefined
  health?.markStarted()
  return { logger, meter, health }
}

function createLog(meter) {
  return createLogger({
    service: 'bench',
    secrets: createSecretRegistry(),
    ...(meter === undefined ? {} : { meter }),
    ...(process.env.LOG_MODE === 'batch' ? { batch: {} } : {}),
  })
}
