/** The bound metric series of each route, so that a finished request costs two array writes and no label object. */
import type { BoundCounter, BoundHistogram, Instruments } from '@ops/core'
import { type HttpMetrics, type Method, methodLabel, STATUS_CLASSES } from './metrics.ts'

/** The two series one outcome of a route is recorded in. */
export interface Series {
  readonly count: BoundCounter
  readonly duration: BoundHistogram
}

/** Routes remembered; more than any service declares, fewer than a mistake (paths for templates) could make. */
const MAX_ROUTES = 2000

/** Returns the look-up from outcome to series. */
export function createRouteSeries(
  metrics: Instruments<HttpMetrics>,
  featureOf: (route: string) => string,
): (route: string, method: string | undefined, status: number) => Series {
  const routes = new Map<string, Map<string, Map<number, Series>>>()
  const bind = (route: string, method: Method, status: number): Series => ({
    count: metrics.requests.bind({ method, route, status: String(status) }),
    duration: metrics.duration.bind({ feature: featureOf(route), method, route, status_class: classOf(status) }),
  })

  return (route, method = '', status) => {
    let methods = routes.get(route)
    if (methods === undefined) {
      if (routes.size >= MAX_ROUTES) return bind(route, methodLabel(method), status)
      routes.set(route, (methods = new Map()))
    }
    const label = methodLabel(method)
    let statuses = methods.get(label)
    if (statuses === undefined) methods.set(label, (statuses = new Map()))
    let series = statuses.get(status)
    if (series === undefined) statuses.set(status, (series = bind(route, label, status)))
    return series
  }
}

function classOf(status: number): (typeof STATUS_CLASSES)[number] {
  return STATUS_CLASSES[Math.min(5, Math.max(1, Math.trunc(status / 100))) - 1] as (typeof STATUS_CLASSES)[number]
}
