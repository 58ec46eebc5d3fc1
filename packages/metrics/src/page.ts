import type { OpsPage } from '@ops/ops-port'
import type { SharedMetrics } from './arena.ts'
import type { PageData } from './page-worker.ts'
import type { OutsideMetrics } from './sources.ts'

/** The `/metrics` page; `collect` runs the collectors and gives what the worker cannot read from shared memory. */
export function createMetricsPage(
  shared: SharedMetrics,
  collectTimeoutMs: number,
  collect: () => Promise<OutsideMetrics>,
): OpsPage {
  const file = import.meta.url.endsWith('.ts') ? './page-worker.ts' : './page-worker.js'
  // A little longer than the collectors' own limit, so that one slow collector does not cost the others their values.
  const data: PageData = { shared, collectTimeoutMs: collectTimeoutMs + 250 }
  return {
    paths: ['/metrics'],
    access: 'open',
    worker: { module: new URL(file, import.meta.url), data },
    respond: collect,
  }
}
