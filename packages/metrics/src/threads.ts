/** Adds up the metrics of a process's worker threads, each read from its shared memory. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { BroadcastChannel, isMainThread, threadId, type Worker } from 'node:worker_threads'
import type { SharedMetrics } from './arena.ts'
import { internalsOf, type MetricsInternals } from './internals.ts'
import { foldSnapshots } from './merge.ts'
import { MetricsReader } from './reader.ts'
import { createRound } from './round.ts'
import { type FamilySnapshot, takeSnapshot, withoutGauges } from './snapshot.ts'

const CHANNEL = '@ops/metrics/threads/1'

type Message =
  | { readonly kind: 'joined'; readonly id: number; readonly shared: SharedMetrics }
  | { readonly kind: 'collected'; readonly id: number; readonly run: number }
  | { readonly kind: 'who' }
  | { readonly kind: 'collect'; readonly run: number }

/**
 * Sums the metrics of all worker threads into the main thread's exposition: call it on the main thread, before it starts
 * workers, and in each worker, with what `createMetrics` returned there. Counters and histograms of a thread that ends stay in the sums; its gauges go.
 * A wedged worker shows its last values.
 *
 * @returns how to stop.
 * @throws TypeError for an object `createMetrics` did not make.
 */
export function aggregateThreads(metrics: object): () => void {
  const internals = internalsOf(metrics)
  return isMainThread ? gather(internals) : join(internals)
}

function join({ shared, collectors }: MetricsInternals): () => void {
  const channel = openChannel(async (message) => {
    if (message.kind === 'who') channel.postMessage({ kind: 'joined', id: threadId, shared })
    if (message.kind !== 'collect') return
    await collectors.run()
    channel.postMessage({ kind: 'collected', id: threadId, run: message.run })
  })
  channel.postMessage({ kind: 'joined', id: threadId, shared })
  return () => channel.close()
}

function gather({ collectors, outside, options }: MetricsInternals): () => void {
  const round = createRound<number>(options.clock, Math.ceil(options.collectTimeoutMs / 2))
  // The last word of a thread may come after its end.
  const ended = new Set<number>()
  const channel = openChannel((message) => {
    if (message.kind === 'joined') {
      outside.threads.set(message.id, message.shared)
      if (ended.has(message.id)) leave(message.id)
    } else if (message.kind === 'collected') round.answered(message.id, message.run)
  })
  const leave = (id: number) => {
    ended.add(id)
    round.gone(id)
    const shared = outside.threads.get(id)
    if (shared === undefined) return
    outside.threads.delete(id)
    outside.snapshots.set(CHANNEL, foldSnapshots(outside.snapshots.get(CHANNEL) ?? [], lastOf(shared)))
  }
  const onWorker = (message: unknown) => {
    const { worker } = message as { worker: Worker }
    const id = worker.threadId
    worker.once('exit', () => leave(id))
  }
  subscribe('worker_threads', onWorker)
  channel.postMessage({ kind: 'who' })
  const collect = () => round.start([...outside.threads.keys()], (run) => channel.postMessage({ kind: 'collect', run }))
  const stop = collectors.add(collect, { name: 'threads' })
  return () => {
    stop()
    unsubscribe('worker_threads', onWorker)
    channel.close()
    outside.threads.clear()
  }
}

function lastOf(shared: SharedMetrics): readonly FamilySnapshot[] {
  const reader = new MetricsReader(shared)
  reader.catchUp()
  return withoutGauges(takeSnapshot(reader))
}

function openChannel(onMessage: (message: Message) => void): { postMessage(message: Message): void; close(): void } {
  const channel = new BroadcastChannel(CHANNEL)
  channel.onmessage = (event) => onMessage((event as { data: Message }).data)
  channel.unref()
  return channel
}
