/** Alerts of a replica's own resources: CPU, memory, disk, event loop, restarts, certificates. */
import { defaultMetrics } from '@ops/metrics'
import type { Subject } from '../subject.ts'
import { type Alert, select } from './alert.ts'
import { levelAlert, proofOf, seriesOf, targetLabels } from './level-alert.ts'

const { cpuSeconds, cpuLimit, workingSet, memoryLimit, diskSize, diskAvailable } = defaultMetrics
const { eventLoopUtilization, startTime, certificateExpiry } = defaultMetrics
const DAY_SECONDS = 86_400

/** The standard's alerts on saturation, the same for every service. */
export function saturationAlerts(subject: Subject): readonly Alert[] {
  return [
    cpu(subject),
    memory(subject),
    disk(subject, { name: 'DiskFilling', percent: 80, respondWithin: '24h' }),
    disk(subject, { name: 'DiskNearlyFull', percent: 85, respondWithin: '1h' }),
    eventLoop(subject),
    restarts(subject),
    certificate(subject),
  ]
}

function cpu(subject: Subject): Alert {
  const [used, limit] = [seriesOf(subject, cpuSeconds.name), seriesOf(subject, cpuLimit.name)]
  const level = (cores: number): Record<string, number> => ({ [used]: cores * 60, [limit]: 0 })
  const proof = levelAlert({
    name: 'CpuHigh',
    expr: `rate(${select(subject, cpuSeconds.name)}[5m]) / ${select(subject, cpuLimit.name)} > 0.8`,
    forMinutes: 5,
    severity: 'warning',
    summary: 'A replica uses more than 80 % of its CPU',
    guidance: {
      symptoms: 'Requests and jobs take longer; probes may be late.',
      impact: 'Latency rises for everyone; at the limit the replica is throttled.',
      queries: [['Is it throttled?', `rate(${select(subject, defaultMetrics.cpuThrottledSeconds.name)}[5m])`]],
      causes: [
        'more traffic than the replicas are sized for',
        'a loop or a large payload in new code',
        'garbage collection under memory pressure',
      ],
      resolution: [
        `Add replicas: \`kubectl scale deployment/${subject.definition.name} --replicas=<more>\`.`,
        'One replica only: restart it after a CPU profile (`kill -USR1 1` opens the inspector inside the container).',
      ],
      prevention: 'Size requests by a load test; let the autoscaler act at 70 %.',
    },
    proof: { kind: 'counter', labels: targetLabels(subject), firing: level(0.9), justBelow: level(0.75) },
  })
  return { ...proof, proof: withConstant(proof.proof, limit, 1) }
}

/** A gauge beside counters: it keeps its value throughout. */
function withConstant(proof: Alert['proof'], series: string, value: number): Alert['proof'] {
  const cases = proof.cases.map((one) =>
    Object.keys(one.series).length === 0 ? one : { ...one, series: { ...one.series, [series]: `${value}+0x200` } },
  )
  return { ...proof, cases }
}

function memory(subject: Subject): Alert {
  const level = (used: number): Record<string, number> => ({
    [seriesOf(subject, workingSet.name)]: used,
    [seriesOf(subject, memoryLimit.name)]: 1000,
  })
  return levelAlert({
    name: 'MemoryHigh',
    expr: `${select(subject, workingSet.name)} / ${select(subject, memoryLimit.name)} > 0.85`,
    forMinutes: 5,
    severity: 'warning',
    summary: 'A replica uses more than 85 % of its memory',
    guidance: {
      symptoms: 'Longer garbage collections, then a kill for lack of memory.',
      impact: 'At the limit the kernel kills the replica with everything in flight.',
      queries: [
        ['Is it the JavaScript heap?', select(subject, defaultMetrics.heapUsed.name)],
        ['Or buffers?', select(subject, defaultMetrics.externalMemory.name)],
      ],
      causes: [
        'a leak: the level rises since the last deployment',
        'large payloads or results held at once',
        'a limit too small for the load',
      ],
      resolution: [
        `Restart one replica after another: \`kubectl rollout restart deployment/${subject.definition.name}\`.`,
        'Rising since a deployment: roll back.',
      ],
      prevention: 'Bound caches by bytes, stream large bodies, compare heap snapshots before and after a load test.',
    },
    proof: { kind: 'gauge', labels: targetLabels(subject), firing: level(900), justBelow: level(840) },
  })
}

function disk(
  subject: Subject,
  { name, percent, respondWithin }: { name: string; percent: number; respondWithin: string },
): Alert {
  const level = (available: number): Record<string, number> => ({
    [seriesOf(subject, diskAvailable.name, { path: '/' })]: available,
    [seriesOf(subject, diskSize.name, { path: '/' })]: 1000,
  })
  return levelAlert({
    name,
    expr: `1 - ${select(subject, diskAvailable.name)} / ${select(subject, diskSize.name)} > ${percent / 100}`,
    forMinutes: 5,
    severity: 'warning',
    respondWithin,
    summary: `A file system is more than ${percent} % full`,
    guidance: {
      symptoms: 'Nothing yet; when it is full, writes fail.',
      impact: 'Uploads, temporary files and logs are lost when the file system is full.',
      causes: ['temporary files that nobody removes', 'logs written to files', 'uploads kept locally'],
      resolution: [
        `Find what is large: \`kubectl exec deploy/${subject.definition.name} -- du -xh -d2 /tmp | sort -h | tail\`.`,
        'Remove what is temporary; grow the volume for what is not.',
      ],
      prevention: 'Bound temporary space, log to stdout, keep data in an object store.',
    },
    proof: {
      kind: 'gauge',
      labels: targetLabels(subject, { path: '/' }),
      firing: level(1000 - percent * 10 - 20),
      justBelow: level(1000 - percent * 10 + 10),
    },
  })
}

function eventLoop(subject: Subject): Alert {
  const level = (value: number): Record<string, number> => ({ [seriesOf(subject, eventLoopUtilization.name)]: value })
  return levelAlert({
    name: 'EventLoopSaturated',
    expr: `${select(subject, eventLoopUtilization.name)} > 0.9`,
    forMinutes: 5,
    severity: 'warning',
    summary: 'The event loop of a replica is busy more than 90 % of the time',
    guidance: {
      symptoms: 'Everything in the replica waits; CPU may look fine where the limit is above one core.',
      impact: 'Latency of all requests rises together.',
      queries: [['How long does it block?', select(subject, defaultMetrics.eventLoopDelay.name, { stat: 'p99' })]],
      causes: ['synchronous work on large inputs', 'serialising large answers', 'too few replicas'],
      resolution: [
        `Add replicas: \`kubectl scale deployment/${subject.definition.name} --replicas=<more>\`.`,
        'Take a CPU profile of one replica.',
      ],
      prevention: 'Move synchronous work to a worker thread; bound the size of inputs.',
    },
    proof: { kind: 'gauge', labels: targetLabels(subject), firing: level(0.95), justBelow: level(0.89) },
  })
}

function restarts(subject: Subject): Alert {
  const series = seriesOf(subject, startTime.name)
  const looping = '0+60x20'
  return levelAlert({
    name: 'RestartLoop',
    expr: `changes(${select(subject, startTime.name)}[10m]) > 3`,
    forMinutes: 0,
    severity: 'critical',
    summary: 'A container restarted more than 3 times in 10 minutes',
    guidance: {
      symptoms: 'Replicas come and go; requests fail while they do.',
      impact: 'Capacity is missing; what was in flight is lost each time.',
      queries: [['Is memory the reason?', select(subject, workingSet.name)]],
      causes: [
        'a setting that is missing or wrong',
        'an uncaught error soon after start',
        'killed for lack of memory',
        'a liveness probe that fails',
      ],
      resolution: [
        `Read why: \`kubectl logs deploy/${subject.definition.name} --previous | tail -50\`; a bad setting is named with its rule.`,
        `Read how it ended: \`kubectl describe pod -l app.kubernetes.io/name=${subject.definition.name} | grep -A5 "Last State"\`.`,
        'Since a deployment or a change of settings: roll it back.',
      ],
      prevention: 'Check settings before the rollout, and roll out a canary first.',
    },
    proof: proofOf(targetLabels(subject), [
      ['fires', { [series]: looping }, 20, true],
      ['keeps still just below', { [series]: '0x10 60x1 120x1 180x8' }, 20, false],
      ['keeps still without data', {}, 20, false],
      ['resolves', { [series]: `${looping} 1200x20` }, 40, false],
    ]),
  })
}

function certificate(subject: Subject): Alert {
  const level = (days: number): Record<string, number> => ({
    [seriesOf(subject, certificateExpiry.name, { certificate: 'tls' })]: days * DAY_SECONDS,
  })
  return levelAlert({
    name: 'CertificateExpiring',
    expr: `${select(subject, certificateExpiry.name)} - time() < ${7 * DAY_SECONDS}`,
    forMinutes: 5,
    severity: 'warning',
    respondWithin: '24h',
    summary: 'A certificate expires within 7 days',
    guidance: {
      symptoms: 'Nothing yet; from the expiry on, clients refuse to connect.',
      impact: 'All traffic over the certificate stops at its expiry.',
      causes: ['automatic renewal failed', 'the renewed certificate is not loaded'],
      resolution: [
        'Look at the renewal: `kubectl describe certificate -A | grep -B2 -A8 "Not After"`.',
        `Renewed but not loaded: \`kubectl rollout restart deployment/${subject.definition.name}\`.`,
      ],
      prevention: 'Renew automatically with 30 days left.',
    },
    proof: {
      kind: 'gauge',
      labels: targetLabels(subject, { certificate: 'tls' }),
      firing: level(6),
      justBelow: level(8),
    },
  })
}
