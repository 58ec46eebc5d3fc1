/** Adds up the metrics of a cluster's workers in the primary process. */
import cluster, { type Worker } from 'node:cluster'
import { internalsOf, type MetricsInternals } from './internals.ts'
import { foldSnapshots } from './merge.ts'
import { createRound } from './round.ts'
import { type FamilySnapshot, takeSnapshot, withoutGauges } from './snapshot.ts'
import { SourceReader } from './sources.ts'

const KIND = '@ops/metrics/cluster/1'

interface Question {
  readonly kind: typeof KIND
  readonly ask: number
}
interface Answer {
  readonly kind: typeof KIND
  readonly answer: number
  readonly snapshot: readonly FamilySnapshot[]
}

/**
 * Sums the metrics of all cluster workers into the primary's exposition: call it in the primary and in each worker,
 * with what `createMetrics` returned there. Counters and histograms of a worker that ends stay in the sums as last seen
 * by a scrape; its gauges go. A wedged worker shows its last values.
 *
 * @returns how to stop.
 * @throws TypeError for an object `createMetrics` did not make.
 */
export function aggregateCluster(metrics: object): () => void {
  const internals = internalsOf(metrics)
  return cluster.isPrimary ? gather(internals) : answer(internals)
}

function answer({ shared, collect }: MetricsInternals): () => void {
  const sources = new SourceReader(shared)
  const onMessage = async (message: unknown) => {
    if (!isOurs(message) || !('ask' in message)) return
    const snapshot = takeSnapshot(sources.read(await collect()))
    // JSON has no NaN: a gauge never set has no place in an answer.
    const reply: Answer = { kind: KIND, answer: message.ask, snapshot: snapshot.map(withoutUnset) }
    process.send?.(reply, undefined, undefined, () => {})
  }
  process.on('message', onMessage)
  return () => void process.off('message', onMessage)
}

function gather({ collectors, outside, options }: MetricsInternals): () => void {
  const round = createRound<Worker>(options.clock, Math.ceil(options.collectTimeoutMs / 2))
  const onMessage = (worker: Worker, message: unknown) => {
    if (!isOurs(message) || !('answer' in message)) return
    if (!worker.isDead()) outside.snapshots.set(worker, message.snapshot)
    round.answered(worker, message.answer)
  }
  const onExit = (worker: Worker) => {
    const last = outside.snapshots.get(worker)
    outside.snapshots.delete(worker)
    if (last !== undefined) {
      outside.snapshots.set(KIND, foldSnapshots(outside.snapshots.get(KIND) ?? [], withoutGauges(last)))
    }
    round.gone(worker)
  }
  cluster.on('message', onMessage)
  cluster.on('exit', onExit)
  const collect = () => {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    const asked = workers.filter((worker) => worker.isConnected())
    return round.start(asked, (ask) => {
      for (const worker of asked) worker.send({ kind: KIND, ask } satisfies Question, () => {})
    })
  }
  const stop = collectors.add(collect, { name: 'cluster' })
  return () => {
    stop()
    cluster.off('message', onMessage)
    cluster.off('exit', onExit)
    outside.snapshots.clear()
  }
}

function isOurs(message: unknown): message is Question | Answer {
  return typeof message === 'object' && message !== null && (message as { kind?: unknown }).kind === KIND
}

function withoutUnset(family: FamilySnapshot): FamilySnapshot {
  return { header: family.header, series: family.series.filter(([, numbers]) => !Number.isNaN(numbers[0])) }
}
