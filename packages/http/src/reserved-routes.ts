import type { Meter } from '@ops/core'
import { httpMetrics } from './metrics.ts'

/** Status codes that services answer with; a rarer one of a declared route counts against the caps like any other. */
const STATUSES: readonly string[] = [
  ...['200', '201', '202', '204', '206', '301', '302', '303', '304', '307', '308'],
  ...['400', '401', '402', '403', '404', '405', '406', '408', '409', '410', '412', '413', '415', '422', '429', '499'],
  ...['500', '501', '502', '503', '504'],
]

/** Gives a route's series places of their own, where the meter caps them. */
export function reserveRoute(meter: Meter, route: string, feature: string): void {
  meter.reserve?.(httpMetrics.requests.name, { route: [route], status: STATUSES })
  meter.reserve?.(httpMetrics.duration.name, { route: [route], feature: [feature] })
}
