// Scenario: resilience, a healthy call. Run: node resilience.mjs [group substring], after a build of @ops/resilience.
import { micro } from './lib/micro.mjs'

const ops = () => import('../packages/resilience/dist/index.js')
const work = async () => 42

/** Cockatiel's parts in the order that an application composes them; without `retried` those alone that opossum has too. */
const cockatiel = async (retried) => {
  const {
    bulkhead,
    circuitBreaker,
    ExponentialBackoff,
    handleAll,
    retry,
    SamplingBreaker,
    TimeoutStrategy,
    timeout,
    wrap,
  } = await import('cockatiel')
  const policy = wrap(
    bulkhead(20, retried ? 50 : 0),
    ...(retried ? [retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() })] : []),
    circuitBreaker(handleAll, {
      halfOpenAfter: 5_000,
      breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }),
    }),
    timeout(500, TimeoutStrategy.Aggressive),
  )
  return { async: true, op: () => policy.execute(work) }
}
/** One class for breaker, timeout and calls at once; no queue, no retries. */
const opossum = async (tuning) => {
  const { default: CircuitBreaker } = await import('opossum')
  const breaker = {
    errorThresholdPercentage: 50,
    resetTimeout: 5_000,
    rollingCountTimeout: 10_000,
    volumeThreshold: 20,
  }
  const circuit = new CircuitBreaker(work, { timeout: 500, capacity: 20, ...breaker, ...tuning })
  return { async: true, op: () => circuit.fire() }
}
const unrepeated = async () => {
  const { createPolicy } = await ops()
  const protect = createPolicy({ name: 'a', timeoutMs: 500, breaker: {}, bulkhead: { concurrent: 20 } })
  return { async: true, op: () => protect(work) }
}
const policy = async () => {
  const { createPolicy } = await ops()
  const bulkhead = { concurrent: 20, queue: 50 }
  const protect = createPolicy({ name: 'a', timeoutMs: 2_000, attemptTimeoutMs: 500, retry: {}, breaker: {}, bulkhead })
  return { async: true, op: () => protect(work) }
}
const pipeline = async () => {
  const { standardPipeline } = await ops()
  const bulkhead = { concurrent: 20, queue: 50 }
  const call = standardPipeline({ totalTimeoutMs: 2_000, attemptTimeoutMs: 500, bulkhead }).policy({ name: 'a' })
  const response = new Response()
  const [headers, send] = [new Headers(), async () => response]
  return { async: true, op: () => call({ method: 'GET', headers, replayable: true, signal: undefined, send }) }
}

await micro({
  name: 'resilience',
  url: import.meta.url,
  groups: [
    {
      title: 'A healthy call: bulkhead, retry, breaker, timeout',
      contenders: [
        { name: 'cockatiel, composed', setup: () => cockatiel(true) },
        { name: '@ops/resilience, createPolicy', setup: policy },
        { name: '@ops/resilience, standardPipeline (the client times the attempt)', setup: pipeline },
        { name: 'the call alone', setup: async () => ({ async: true, op: () => work() }) },
      ],
    },
    {
      title: 'A healthy call: calls at once, breaker, timeout',
      contenders: [
        { name: 'cockatiel, composed', setup: () => cockatiel(false) },
        { name: 'opossum, as it comes', setup: () => opossum({}) },
        {
          name: 'opossum without percentiles and snapshots',
          setup: () => opossum({ rollingPercentilesEnabled: false, enableSnapshots: false }),
        },
        { name: '@ops/resilience, createPolicy', setup: unrepeated },
      ],
    },
  ],
})
