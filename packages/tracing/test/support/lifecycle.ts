import type { Lifecycle } from '@ops/core'

/** A lifecycle whose only event is the last flush. */
export function createEndingLifecycle(): { lifecycle: Lifecycle; flushAtEnd: () => Promise<unknown> } {
  const flushes: (() => void | Promise<void>)[] = []
  const lifecycle: Lifecycle = {
    draining: false,
    onDrain: () => {},
    onClose: () => {},
    onFlush: (_, flush) => void flushes.push(flush),
  }
  return { lifecycle, flushAtEnd: () => Promise.all(flushes.map((flush) => flush())) }
}
